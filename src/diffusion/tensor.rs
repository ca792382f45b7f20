//! The one tensor type of the engine, and the operations that burn has no word for.
//!
//! The backend is chosen at run time (`Dispatch`), so model code is compiled once and never
//! names a backend.

use burn_dispatch::{Dispatch, DispatchDevice};
use burn_tensor::module::{attention as burn_attention, conv2d as burn_conv2d};
use burn_tensor::ops::{
    AttentionModuleOptions, InterpolateMode, InterpolateOptions, ModuleOps, PaddedConvOptions,
};
use burn_tensor::{DType, Float, FloatDType, TensorData, TensorPrimitive, activation};

use super::cpu;
use super::error::DiffusionError;

/// A tensor on whichever device was chosen.
pub(crate) type Tensor<const D: usize, K = Float> = burn_tensor::Tensor<Dispatch, D, K>;

/// A device as burn knows it.
pub(crate) type Device = DispatchDevice;

/// Moves numbers to a device.
pub(crate) fn to_device<const D: usize>(
    numbers: Vec<f32>,
    shape: [usize; D],
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), (device, dtype))
}

/// Moves a tensor's numbers to the host, row-major.
///
/// # Errors
/// With what burn says went wrong on the device since the last reading.
pub(crate) fn to_host<const D: usize>(
    tensor: Tensor<D>,
    stage: &'static str,
) -> Result<Vec<f32>, DiffusionError> {
    let failed = |device: String, reason: String| DiffusionError::Execution {
        stage,
        device,
        reason,
    };
    let device = format!("{:?}", tensor.device());
    let data = match tensor.try_into_data() {
        Ok(data) => data,
        Err(error) => return Err(failed(device, error.to_string())),
    };
    data.convert::<f32>()
        .into_vec()
        .map_err(|error| failed(device, format!("{error:?}")))
}

/// A 2-D convolution over `[b, c, h, w]`.
pub(crate) fn conv2d(
    x: Tensor<4>,
    weight: &Tensor<4>,
    bias: Option<&Tensor<1>>,
    options: impl Into<PaddedConvOptions<2>>,
) -> Tensor<4> {
    burn_conv2d(x, weight.clone(), bias.cloned(), options)
}

/// `x · weightᵀ + bias`; `x: [.., in]`, `weight: [out, in]` as PyTorch stores it.
///
/// Rows are flattened, because a transposed view multiplies without a copy only in 2-D.
pub(crate) fn linear<const D: usize>(
    x: Tensor<D>,
    weight: &Tensor<2>,
    bias: Option<&Tensor<1>>,
) -> Tensor<D> {
    let mut shape = x.dims();
    let [out, width] = weight.dims();
    let rows = shape.iter().product::<usize>() / width;
    let mut y = x.reshape([rows, width]).matmul(weight.clone().transpose());
    if let Some(bias) = bias {
        y = y + bias.clone().unsqueeze();
    }
    shape[D - 1] = out;
    y.reshape(shape)
}

/// Softmax(q kᵀ / √d) v; `q: [b, n, heads · d]`, `k`, `v`: `[b, m, heads · d]`.
pub(crate) fn attention(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    heads: usize,
    mask: AttentionMask,
) -> Tensor<3> {
    let [batch, length, width] = q.dims();
    let split = |x: Tensor<3>| {
        let [_, length, _] = x.dims();
        x.reshape([batch, length, heads, width / heads])
            .swap_dims(1, 2)
    };
    if mask == AttentionMask::None && cpu::is_ours(&q.device(), q.dtype()) {
        return cpu::attention(split(q), split(k), split(v))
            .swap_dims(1, 2)
            .reshape([batch, length, width]);
    }
    let options = AttentionModuleOptions {
        scale: None,
        softcap: None,
        is_causal: mask == AttentionMask::Causal,
    };
    burn_attention(split(q), split(k), split(v), None, None, options)
        .swap_dims(1, 2)
        .reshape([batch, length, width])
}

/// Who may look at whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttentionMask {
    /// Everybody at everybody.
    None,
    /// Each token at itself and those before it.
    Causal,
}

/// Layer normalization over the last dimension.
pub(crate) fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: &Tensor<1>,
    bias: &Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let primitive = |tensor: &Tensor<1>| tensor.clone().into_primitive().tensor();
    let normed = Dispatch::layer_norm(
        x.into_primitive().tensor(),
        primitive(weight),
        Some(primitive(bias)),
        epsilon,
    );
    Tensor::from_primitive(TensorPrimitive::Float(normed))
}

/// Group normalization of `[b, c, h, w]`, in f32 whatever the type: sums over 10⁵ halves overflow.
pub(crate) fn group_norm(
    x: Tensor<4>,
    groups: usize,
    weight: &Tensor<1>,
    bias: &Tensor<1>,
    epsilon: f64,
) -> Tensor<4> {
    let shape @ [batch, channels, height, width] = x.dims();
    let dtype = x.dtype();
    let x = as_f32(x).reshape([batch, groups, channels / groups * height * width]);
    let mean = x.clone().mean_dim(2);
    let centred = x - mean;
    let variance = (centred.clone() * centred.clone()).mean_dim(2);
    let inverse = (variance + epsilon).sqrt().recip();
    // One factor and one summand per channel: the picture is passed over twice, not four times.
    let per_channel =
        |tensor: &Tensor<1>| as_f32(tensor.clone()).reshape([1, groups, channels / groups]);
    let factor = (per_channel(weight) * inverse).reshape([batch, channels, 1, 1]);
    let summand = per_channel(bias).reshape([1, channels, 1, 1]);
    from_f32(centred.reshape(shape) * factor + summand, dtype)
}

/// `GEGLU` (arXiv 2002.05202, section 2): `[.., 2 n]` to `[.., n]`, the first half times GELU of the
/// second.
pub(crate) fn geglu(x: Tensor<3>) -> Tensor<3> {
    if cpu::is_ours(&x.device(), x.dtype()) {
        return cpu::geglu(x);
    }
    let [batch, length, both] = x.dims();
    let half = both / 2;
    let hidden = x.clone().slice([0..batch, 0..length, 0..half]);
    let gate = x.slice([0..batch, 0..length, half..both]);
    hidden * activation::gelu(gate)
}

/// `x · σ(x)`.
pub(crate) fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::silu(x)
}

/// The activations of text encoders and feed-forward layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// With the error function.
    Gelu,
    /// `x · σ(1.702 x)`, as `OpenAI`'s CLIP has it.
    QuickGelu,
}

impl Activation {
    /// Applies it.
    pub(crate) fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => activation::gelu(x),
            Self::QuickGelu => activation::sigmoid(x.clone() * 1.702) * x,
        }
    }
}

/// Nearest-neighbour scaling to `[b, c, height, width]`.
pub(crate) fn upsample(x: Tensor<4>, height: usize, width: usize) -> Tensor<4> {
    burn_tensor::module::interpolate(
        x,
        [height, width],
        InterpolateOptions::new(InterpolateMode::Nearest),
    )
}

/// The same numbers in f32.
pub(crate) fn as_f32<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.dtype() == DType::F32 {
        x
    } else {
        x.cast(FloatDType::F32)
    }
}

/// The same numbers in another type.
pub(crate) fn from_f32<const D: usize>(x: Tensor<D>, dtype: DType) -> Tensor<D> {
    if x.dtype() == dtype {
        x
    } else {
        x.cast(FloatDType::from(dtype))
    }
}
