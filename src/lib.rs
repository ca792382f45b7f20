//! companion: a full-screen terminal REPL for Python and JavaScript, both compiled in, for shell, and
//! for pictures by Stable Diffusion.
//!
//! # The map
//!
//! **Command in, pure session, events and effects out.** The transcript is a fold over events; the
//! same events feed the full-screen UI, the store, and whoever replays a session. Nothing is told
//! twice.
//!
//! ```text
//! main ── cli                                 the command line: parses, loads, reports
//!          │
//!         tui · headless · doctor             front ends: speak protocol
//!          │        │
//!          │       mcp                        tools for MCP clients, and tools of MCP servers
//!          │        │
//!       runtime                               the shell: threads, effects, the one event loop
//!          │
//!          │     builtin                      the built-in tools, over the engines
//!          │        │
//!       session   executor · generator        the pure core · the library's ways to run code and
//!          │        │                         to make pictures, without a session
//!    store · kernel · diffusion · models · safety · picture · web · files · config   engines: they
//!          │                                  never import each other
//!          │
//!         tool                                what every tool passes: registry, schema, policy, rate,
//!          │                                  cache, audit
//!          │
//!       protocol                              plain data: Command, Event, ids, slash commands
//!
//!    address · atomic · granted · jail · nesting · panics · safetensors · sanitize · secrets   leaves:
//!                                             hosts, files, what is granted of them, the walls of
//!                                             the system, how deep a text nests, other people's
//!                                             panics, files of tensors, untrusted text, what keys
//!                                             and tokens look like
//! ```
//!
//! Arrows point down only; `tests/layering.rs` holds the table and fails on one that runs up.
//! Only `tui` sees ratatui, crossterm, reedline and viuer; only `kernel` sees `RustPython`
//! and `QuickJS`; only `jail` sees Landlock and seccomp; only `diffusion` sees burn; only `store` sees
//! sled; only `mcp` sees rmcp, axum and rustls; only `tool` sees jsonschema and moka; only `builtin`,
//! `picture` and `tool` see schemars; only `files` sees diffy, similar, globset and ignore; only `kernel`,
//! `models` and `web`, and `address` for them, see ureq; only `mcp` and `runtime` see tokio.
//!
//! # Invariants
//!
//! - **The interpreters run in worker processes**: this binary, started again
//!   ([`become_worker_if_asked`] is the first thing that `main` does), in the `jail`. A worker has
//!   no environment, no descriptors but its pipes, and bounds on fuel, time, memory and output. A
//!   cell that has to be killed costs that cell: a snapshot of the state before it takes over.
//!   What a worker sends is not trusted, and files and hosts come to it through a broker only.
//! - **The session does no I/O**, and knows no clock. What happens in the world comes back to it
//!   as a report.
//! - **The UI's loop waits for one channel** and for nothing else: no disk, no decoder and no
//!   kernel is between a key and its letter.
//! - **Acknowledged means on disk, twice**: an entry of the history is in a journal and in sled
//!   before the append returns.
//! - **Text from programs and files reaches a terminal only through `sanitize`**, and colours
//!   only through roles of a theme.
//! - **A file is whole or it is not there**: temporary name, fsync, rename (`atomic`).
//!
//! # Where a change lands
//!
//! | change | place |
//! |---|---|
//! | a language | `kernel/<name>/`, a row of `kernel::LANGUAGES`, a variant of `Language` |
//! | a slash command | a row of `protocol::slash::SLASH`, an arm in `tui/commands.rs` |
//! | a key | a row of `tui::keymap::KEYS`, an arm in `tui/app.rs` |
//! | a setting of `config.toml` | a row of `config/keys.rs` |
//! | a setting of `/set` | a row of `tui/settings.rs` |
//! | a command of the command line | `cli/<name>.rs`, a variant in `cli/mod.rs` |
//! | a key or token that is known by its looks | a row of `SHAPES` in `secrets.rs` |
//! | a finding of the validator | a row of `safety/rules.rs`, and the code that sees it |
//! | a wrapper that the command policy sees through | a row of `safety/shell/wrappers.rs` |
//! | a sampler | `diffusion/scheduler/<name>.rs`, a row of its `SCHEDULERS`, a variant of `SchedulerName` |
//! | a flag of pictures | `protocol/image_flags.rs`, for the prompt and the command line |
//! | a style preset | a table of `models/styles.toml` |
//! | a model family that is told apart | `models/family.rs` |
//! | an operation on pictures | a variant of `picture::edit::Edit`, and an arm in `one_edit` there |
//! | a search engine | a variant of `web::SearchEngine`, and its arms there |
//! | a key of a tool's rule | a field in `tool/policy.rs`; a condition: `tool/predicate.rs` |
//! | a built-in tool | `builtin/<subject>.rs`, a row of `tools` in `builtin/mod.rs` |
//! | what code can ask of the tools | a variant of `kernel::DeskCall`, its arm in `builtin/desk.rs`; `kernel/python/lib/companion.py`, `kernel/javascript/companion.js` |
//! | a prompt for MCP clients | a row of `mcp/server/prompts.rs` |
//! | a key of `mcp.json` | `mcp/client/config.rs` |
//! | a theme | `themes/<name>.toml`, a row of `tui/theme/source.rs` |
//! | a storage backend | `store/<name>.rs`, and `tests::conformance` there |
//!
//! Absent on purpose: cloud, telemetry, and a python3 or node on the machine.

mod address;
mod atomic;
mod builtin;
pub mod cli;
mod config;
pub mod diffusion;
mod doctor;
mod error;
mod executor;
mod files;
mod generator;
mod granted;
mod headless;
mod jail;
pub(crate) mod kernel;
mod mcp;
#[cfg(feature = "measure")]
#[doc(hidden)]
pub mod measure;
pub(crate) mod models;
mod nesting;
mod panics;
mod picture;
pub mod protocol;
pub(crate) mod runtime;
mod safetensors;
pub(crate) mod safety;
mod sanitize;
mod secrets;
pub mod session;
pub(crate) mod store;
pub(crate) mod tool;
pub(crate) mod tui;
pub(crate) mod web;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

pub use error::Report;
pub use executor::{CodeExecutor, Execution, ExecutorError, Isolation, TravelFailed};
pub use generator::{GeneratorError, Image, ImageGenerator, News, SoFar};
pub use kernel::CountingAllocator;

/// In a process that companion started from its own binary: does what it was started for, and does
/// not return. To be called first in `main`.
pub fn become_worker_if_asked() {
    kernel::become_worker_if_asked();
    diffusion::answer_probe_if_asked();
}
