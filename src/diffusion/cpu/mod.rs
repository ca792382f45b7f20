//! Convolutions, attention and normalization for the processor, faster than the backend's own.
//!
//! burn-flex lays the weights out anew at every call and gathers pixels one by one. Here a
//! convolution becomes products of matrices that burn-flex is good at: directly where the kernel
//! is one pixel, by Winograd's transformation where it is 3×3 over a large map, and by gathering
//! columns where it is not. The rest is plain loops over slices, spread over the processor's cores.
//!
//! `unsafe` is absent: wide instructions come from the compiler, in closures that `pulp` runs
//! with whatever the processor has.

mod conv;
mod fused;
mod math;
mod winograd;

use burn_dispatch::DispatchDevice;
use burn_tensor::DType;

pub(crate) use conv::{CpuConv, Geometry, transformed_bytes, transformed_bytes_of};
pub(crate) use fused::{Then, attention, geglu, group_norm};

use super::tensor::Device;

/// Whether tensors of this kind are the processor's, and these loops may have them.
pub(crate) fn is_ours(device: &Device, dtype: DType) -> bool {
    matches!(device, DispatchDevice::Flex(_)) && dtype == DType::F32
}
