//! The models on this machine: which there are, what they are, whether they are whole, and how
//! more of them come here.
//!
//! Invariants: a file of a model is looked at by its header only, whose size is bounded, so that
//! one that lies costs no memory; a pickle is never executed, only searched for names; what a hub
//! says is not trusted: names cannot leave their folder, sizes and hashes are checked; a model is
//! whole in its folder or it is not there.
//!
//! Absent on purpose: tensors. What a model computes is the picture engine's business.

mod catalogue;
mod checkpoint;
mod defaults;
mod error;
mod examine;
mod family;
mod hash;
mod hub;
mod import;
mod layout;
mod style;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use catalogue::Catalogue;
pub(crate) use defaults::{Defaults, DefaultsSource};
pub(crate) use error::ModelError;
pub(crate) use examine::Model;
pub(crate) use family::Task;
pub(crate) use hash::Hasher;
pub(crate) use hub::{Hub, Pull, PullProgress, RepoId};
pub(crate) use import::{Import, ImportMode};
pub(crate) use style::Styles;
pub(crate) use verify::{Checked, Verdict};
