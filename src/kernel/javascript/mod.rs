//! The JavaScript kernel: `QuickJS`, with the globals that people know from node.
//!
//! ```text
//! text ── scan ── source (oxc: what it declares, how it runs) ── engine (QuickJS) ── report
//!                                        *.js: console, timers, inspect, URL, …  ──┘
//! ```
//!
//! How a cell runs: `let`, `const`, `class`, functions and imports of its top level stay for the
//! cells after it and may be declared again (`source`). It may `await`. It is over when its own
//! value is settled and then no job, timer or immediate is left, as node ends a program; a cell
//! with an endless `setInterval` therefore runs until it is interrupted. When it ends in an error,
//! an interrupt or `process.exit`, what it had left pending is dropped; its variables stay.
//!
//! Invariants: the pieces in `*.js` keep what they need of the built-ins before user code can
//! change it; files whose name begins with `companion:` never show in a stack trace; completion
//! runs no getter and asks no proxy.
//!
//! Known limits: a cell that takes away methods such as `Array.prototype.push` takes them from
//! the pieces too, save from completion; `new Array(2 ** 32 - 1).sort()` and the like are native
//! loops that see no interrupt, and end with the worker.
//!
//! Files, the environment and the network are what the broker grants: `fs`, `process.env`, `fetch`.
//!
//! Absent on purpose: child processes, streams, packages, `Intl`. `QuickJS` has no `Intl`,
//! and most of its words for errors are its own.

mod allocator;
mod complete;
mod completeness;
mod desk;
mod engine;
mod files;
mod host;
mod pieces;
mod report;
mod source;
#[cfg(test)]
mod tests;
mod url;

use super::{Completeness, KernelSpec, Start};
use crate::protocol::Language;

/// The engine's version, as `process.versions.quickjs` tells it.
const ENGINE: &str = "0.14";

/// The row of JavaScript.
pub(crate) const SPEC: KernelSpec = KernelSpec {
    language: Language::JavaScript,
    implementation: "QuickJS (rquickjs 0.14)",
    start: Start::Embedded(engine::start),
    completeness: completeness::completeness,
};
