//! Downloads from a Hugging Face hub, or what answers like one.
//!
//! Invariants: nothing a hub says is trusted. Names stay in their folder, sizes and hashes are
//! checked, answers are bounded; the token goes to the hub's own origin and to no redirect. What is
//! on disk is resumable at any moment: a crash or Ctrl-C loses nothing that came.
//!
//! Absent on purpose: uploads, and the hub's own client with its cache.

mod fetch;
mod file;
mod listing;
mod plan;
mod pull;
#[cfg(test)]
mod tests;

pub(crate) use fetch::Hub;
pub(crate) use listing::RepoId;
pub(crate) use pull::{Pull, PullProgress};
