//! companion: a full-screen terminal REPL for Python and JavaScript.

mod atomic;
pub mod cli;
mod config;
mod doctor;
mod error;
mod executor;
mod headless;
pub(crate) mod kernel;
mod panics;
mod picture;
pub mod protocol;
pub(crate) mod runtime;
mod sanitize;
pub mod session;
pub(crate) mod store;
pub(crate) mod tui;

pub use error::Report;
pub use executor::{CodeExecutor, Execution, ExecutorError};
pub use kernel::{CountingAllocator, become_worker_if_asked};
