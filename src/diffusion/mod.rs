//! The picture engine: Stable Diffusion on burn, on whichever device is there.
//!
//! ```text
//! pipeline      a request, its prompts, the loop, the picture        (the public way in)
//!   ├─ model        CLIPTextModel, UNet2DConditionModel, AutoencoderKL, AutoencoderTiny
//!   ├─ scheduler    the samplers, on plain slices
//!   ├─ prompt · tokenizer    weights, chunks, CLIP's byte pairs
//!   ├─ rng          noise that equals PyTorch's
//!   ├─ preview      latents as small pictures, without a decoder
//!   ├─ memory       what a picture will take, and how it is decoded
//!   └─ cpu          the processor's own loops
//! weights · config    what lies on disk, checked before it is believed
//! device · tensor                which device, and the one tensor type
//! ```
//!
//! # Invariants
//!
//! - **Every number is diffusers' number**: each network, sampler and whole run is held against
//!   golden numbers (`tests/golden/diffusion`), with the tolerance beside the test.
//! - **The device is a value, never a default**: nothing here asks burn for the device of its
//!   choice. A device is used after it has computed ([`ComputeDevice::open`]).
//! - **A network runs whole or not at all**: a missing, surplus or misshaped tensor is named, and
//!   what was half filled is dropped.
//! - **Files are not believed**: lengths and shapes are held against the file before anything is
//!   allocated for them.
//! - **Noise and samplers live on the host**, so a seed begins from the same numbers everywhere.
//!
//! Only this module sees burn. Absent on purpose: training, backends as type parameters, files of
//! pictures (the caller encodes and decodes them), and the network (the caller fetches models).

#![expect(
    clippy::cast_precision_loss,
    reason = "pixels, channels and steps are far from 2^24"
)]

mod config;
mod cpu;
mod device;
mod error;
#[doc(hidden)]
pub mod measure;
mod memory;
mod model;
mod pipeline;
mod preview;
mod prompt;
mod rng;
mod scheduler;
mod tensor;
mod tokenizer;
mod weights;

#[cfg(test)]
mod golden_tests;

pub use config::Published;
pub use device::{ComputeDevice, Probe, answer_probe_if_asked};
pub use error::{DiffusionError, WeightFaults};
#[cfg(test)]
pub(crate) use pipeline::fail_decodings;
pub use pipeline::{
    Family, GeneratedImage, Latents, LoadRequest, Observer, Pictures, Pipeline, Settings, StepInfo,
    Tiling,
};
pub use preview::{LatentRgb, Preview};
