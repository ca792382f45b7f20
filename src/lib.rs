//! companion: a full-screen terminal REPL for Python and JavaScript.

pub(crate) mod atomic;
pub(crate) mod config;
pub(crate) mod kernel;
pub mod protocol;
pub mod session;
pub(crate) mod store;
pub(crate) mod tui;
