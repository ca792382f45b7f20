//! The Python kernel: RustPython with its frozen standard library, compiled in.
//!
//! ```text
//! interpreter   a session's interpreter: execute, complete
//!   fuel        code that counts its steps, wherever it comes from
//!     rewrite   how the steps get into bytecode
//!   doors       ways around those two, closed
//!   host        what Python code may ask of the world, as native functions
//!   files       the part of it that goes through the broker: files, environment, network
//!   desk        tools and pictures
//!   interrupt   an interruption that code can't swallow
//!   names       completion, without running any of the user's code
//! syntax        what the parser alone can tell: completeness, the last expression
//! lib/*.py      the start-up code, and stand-ins for modules that need an operating system
//! ```
//!
//! Invariants: no file, socket, process or environment variable of the host is within reach of
//! the interpreter, by construction (RustPython without `host_env`): what is granted comes through
//! the broker; no frame of ours shows up in
//! a traceback; source code is bounded in size and nesting before a parser sees it.
//!
//! One interpreter to a process: RustPython keeps the flag that announces signals in a static,
//! and two interpreters on two threads would take each other's.
//!
//! Absent on purpose: threads (a started thread runs to its end inside `start()`), and limits on time and memory, which belong to the worker.

mod desk;
mod doors;
mod files;
mod fuel;
mod host;
mod interpreter;
mod interrupt;
mod names;
mod rewrite;
mod syntax;
#[cfg(test)]
pub(super) mod tests;

use super::{KernelSpec, Start};
use crate::protocol::Language;

/// The row of Python.
pub(crate) const SPEC: KernelSpec = KernelSpec {
    language: Language::Python,
    implementation: "RustPython 0.6.0 (Python 3.14)",
    start: Start::Embedded(interpreter::start),
    completeness: syntax::completeness,
};
