//! The networks, in diffusers' structure and with diffusers' names.
//!
//! Invariants: a network is built from a validated configuration and from weights of exactly its
//! shapes, or not at all; `forward` reads nothing but its arguments, and draws no random number.
//! Dropout and everything else that only training needs is absent.

pub(crate) mod autoencoder_kl;
pub(crate) mod autoencoder_tiny;
pub(crate) mod clip;
pub(crate) mod embeddings;
pub(crate) mod layers;
pub(crate) mod resnet;
pub(crate) mod transformer;
pub(crate) mod unet;
pub(crate) mod unet_blocks;
