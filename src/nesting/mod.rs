//! How deep a text would take a recursive parser: looked at before one is let loose on it.
//!
//! Used by the kernels, which run the text, and by the validator, which only reads it.

pub(crate) mod javascript;
pub(crate) mod python;
