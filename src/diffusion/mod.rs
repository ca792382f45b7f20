//! The picture engine: Stable Diffusion on burn, on whichever device is there.
mod config;
pub mod error;
#[cfg(test)]
mod golden_tests;
mod model;
mod tensor;
mod weights;
