//! The layers that all networks are made of.

use burn_tensor::ops::{ConvOptions, PaddedConvOptions};

use super::super::cpu::{self, CpuConv, Geometry, Then};
use super::super::tensor::{self, Tensor};
use super::super::weights::Scope;

/// `torch.nn.Linear`.
pub(crate) struct Linear {
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
}

impl Linear {
    /// With a bias.
    pub(crate) fn new(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        Self {
            bias: Some(scope.parameter("bias", [outputs])),
            ..Self::without_bias(scope, inputs, outputs)
        }
    }

    /// Without one.
    pub(crate) fn without_bias(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        Self {
            weight: scope.parameter("weight", [outputs, inputs]),
            bias: None,
        }
    }

    /// Width of the result.
    pub(crate) fn outputs(&self) -> usize {
        self.weight.dims()[0]
    }

    /// `x: [.., in]` gives `[.., out]`.
    pub(crate) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        tensor::linear(x, &self.weight, self.bias.as_ref())
    }
}

/// `torch.nn.Conv2d` with a square kernel.
pub(crate) struct Conv2d {
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: PaddedConvOptions<2>,
    /// The same convolution in loops of our own, on the processor.
    cpu: Option<CpuConv>,
}

/// Kernel 3, stride 1, padding 1.
const SAME: Geometry = Geometry {
    kernel: 3,
    stride: 1,
    before: 1,
    after: 1,
};

impl Conv2d {
    /// Kernel 3, stride 1, padding 1: the size stays.
    pub(crate) fn same(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        Self::new(scope, inputs, outputs, SAME, true)
    }

    /// Kernel 1: every pixel for itself.
    pub(crate) fn pointwise(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        let geometry = Geometry {
            kernel: 1,
            before: 0,
            after: 0,
            ..SAME
        };
        Self::new(scope, inputs, outputs, geometry, true)
    }

    /// Kernel 3, stride 2, padding 1 on all sides: half the size.
    pub(crate) fn halving(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        let geometry = Geometry { stride: 2, ..SAME };
        Self::new(scope, inputs, outputs, geometry, true)
    }

    /// Kernel 3, stride 2, padding 1 on the right and below only, as in the VAE's encoder.
    pub(crate) fn halving_aside(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        let geometry = Geometry {
            stride: 2,
            before: 0,
            ..SAME
        };
        Self::new(scope, inputs, outputs, geometry, true)
    }

    /// Kernel 3, padding 1 on all sides, no bias.
    pub(crate) fn unbiased(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        Self::new(scope, inputs, outputs, SAME, false)
    }

    fn new(scope: &Scope, inputs: usize, outputs: usize, geometry: Geometry, biased: bool) -> Self {
        let Geometry {
            kernel,
            stride,
            before,
            after,
        } = geometry;
        let weight = scope.parameter("weight", [outputs, inputs, kernel, kernel]);
        let bias = biased.then(|| scope.parameter("bias", [outputs]));
        let is_cpu = cpu::is_ours(&weight.device(), weight.dtype());
        let options = if before == after {
            ConvOptions::new([stride; 2], [before; 2], [1; 2], 1).into()
        } else {
            PaddedConvOptions::asymmetric([stride; 2], [before; 2], [after; 2], [1; 2], 1)
        };
        Self {
            cpu: is_cpu.then(|| CpuConv::new(&weight, bias.as_ref(), geometry)),
            weight,
            bias,
            options,
        }
    }

    /// `x: [b, in, h, w]` gives `[b, out, h', w']`.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.cpu {
            Some(conv) => conv.forward(x),
            None => tensor::conv2d(x, &self.weight, self.bias.as_ref(), self.options.clone()),
        }
    }
}

/// `torch.nn.LayerNorm` over the last dimension.
pub(crate) struct LayerNorm {
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
}

impl LayerNorm {
    /// Over `width` numbers.
    pub(crate) fn new(scope: &Scope, width: usize, epsilon: f64) -> Self {
        Self {
            weight: scope.parameter("weight", [width]),
            bias: scope.parameter("bias", [width]),
            epsilon,
        }
    }

    /// Same shape.
    pub(crate) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        tensor::layer_norm(x, &self.weight, &self.bias, self.epsilon)
    }
}

/// `torch.nn.GroupNorm`.
pub(crate) struct GroupNorm {
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    epsilon: f64,
    /// Weight and bias where loops of our own want them.
    cpu: Option<[Vec<f32>; 2]>,
}

impl GroupNorm {
    /// Over `channels` in `groups`.
    pub(crate) fn new(scope: &Scope, groups: usize, channels: usize, epsilon: f64) -> Self {
        let weight = scope.parameter("weight", [channels]);
        let bias = scope.parameter("bias", [channels]);
        let is_cpu = cpu::is_ours(&weight.device(), weight.dtype());
        let numbers = |tensor: &Tensor<1>| tensor.to_data().to_vec().unwrap_or_default();
        Self {
            cpu: is_cpu.then(|| [numbers(&weight), numbers(&bias)]),
            weight,
            bias,
            groups,
            epsilon,
        }
    }

    /// `x: [b, c, h, w]`, same shape.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.cpu {
            Some(numbers) => self.on_cpu(x, numbers, Then::Nothing),
            None => tensor::group_norm(x, self.groups, &self.weight, &self.bias, self.epsilon),
        }
    }

    /// The same, and `x · σ(x)`.
    pub(crate) fn forward_silu(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.cpu {
            Some(numbers) => self.on_cpu(x, numbers, Then::Silu),
            None => tensor::silu(self.forward(x)),
        }
    }

    fn on_cpu(&self, x: Tensor<4>, [weight, bias]: &[Vec<f32>; 2], then: Then) -> Tensor<4> {
        cpu::group_norm(x, self.groups, weight, bias, self.epsilon, then)
    }
}

/// Doubles the size with nearest neighbours, then convolves: `Upsample2D`.
pub(crate) struct Upsample2D {
    conv: Conv2d,
}

impl Upsample2D {
    /// Keeps the channels.
    pub(crate) fn new(scope: &Scope, channels: usize) -> Self {
        Self {
            conv: Conv2d::same(&scope.at("conv"), channels, channels),
        }
    }

    /// `x: [b, c, h, w]` gives `[b, c, size[0], size[1]]`, by default twice the size.
    pub(crate) fn forward(&self, x: Tensor<4>, size: Option<[usize; 2]>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let [height, width] = size.unwrap_or([2 * height, 2 * width]);
        self.conv.forward(tensor::upsample(x, height, width))
    }
}
