//! companion: a full-screen terminal REPL for Python and JavaScript.

pub(crate) mod kernel;
pub(crate) mod picture;
pub mod protocol;
pub mod session;
pub(crate) mod tui;

pub use kernel::{CountingAllocator, become_worker_if_asked};
