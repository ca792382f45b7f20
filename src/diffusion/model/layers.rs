//! The layers that all networks are made of.

use burn_tensor::ops::{ConvOptions, PaddedConvOptions};

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
}

impl Conv2d {
    /// Kernel 3, stride 1, padding 1: the size stays.
    pub(crate) fn same(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        Self::new(scope, inputs, outputs, 3, options(1, 1).into())
    }

    /// Kernel 1: every pixel for itself.
    pub(crate) fn pointwise(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        Self::new(scope, inputs, outputs, 1, options(1, 0).into())
    }

    /// Kernel 3, stride 2, padding 1 on all sides: half the size.
    pub(crate) fn halving(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        Self::new(scope, inputs, outputs, 3, options(2, 1).into())
    }

    /// Kernel 3, stride 2, padding 1 on the right and below only, as in the VAE's encoder.
    pub(crate) fn halving_aside(scope: &Scope, inputs: usize, outputs: usize) -> Self {
        let aside = PaddedConvOptions::asymmetric([2, 2], [0, 0], [1, 1], [1, 1], 1);
        Self::new(scope, inputs, outputs, 3, aside)
    }

    /// The same convolution without its bias.
    pub(crate) fn unbiased(
        scope: &Scope,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
    ) -> Self {
        Self {
            weight: scope.parameter("weight", [outputs, inputs, kernel, kernel]),
            bias: None,
            options: options(stride, kernel / 2).into(),
        }
    }

    fn new(
        scope: &Scope,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        options: PaddedConvOptions<2>,
    ) -> Self {
        Self {
            weight: scope.parameter("weight", [outputs, inputs, kernel, kernel]),
            bias: Some(scope.parameter("bias", [outputs])),
            options,
        }
    }

    /// `x: [b, in, h, w]` gives `[b, out, h', w']`.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        tensor::conv2d(x, &self.weight, self.bias.as_ref(), self.options.clone())
    }
}

fn options(stride: usize, padding: usize) -> ConvOptions<2> {
    ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1)
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
}

impl GroupNorm {
    /// Over `channels` in `groups`.
    pub(crate) fn new(scope: &Scope, groups: usize, channels: usize, epsilon: f64) -> Self {
        Self {
            weight: scope.parameter("weight", [channels]),
            bias: scope.parameter("bias", [channels]),
            groups,
            epsilon,
        }
    }

    /// `x: [b, c, h, w]`, same shape.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        tensor::group_norm(x, self.groups, &self.weight, &self.bias, self.epsilon)
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
