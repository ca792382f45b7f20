//! companion: a full-screen terminal REPL for Python and JavaScript.

pub(crate) mod kernel;
pub mod protocol;
pub(crate) mod sanitize;
pub mod session;
pub(crate) mod tui;
