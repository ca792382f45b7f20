//! The Model Context Protocol: companion's tools for others, and others' tools for companion.
//!
//! ```text
//! server ── tools · resources · prompts over stdio or streamable HTTP, each call by `tool::Toolbox`
//!           names   what clients take for a name
//!           ask     a question of the policy becomes an elicitation
//! client ── servers of mcp.json: their tools, in the registry, as `server/tool`
//! ```
//!
//! Invariants: a client's call passes [`Toolbox::call`](crate::tool::Toolbox::call) with the origin
//! `mcp` and is nothing special to it, and what a resource shows passes it too; nothing but frames is
//! written to standard output; what a foreign server says is text of somebody else, bounded and
//! sanitised before it is a tool's description or result, and its hints count for nothing.
//!
//! Absent on purpose: sampling, roots and logging (the protocol has deprecated them), authorization
//! by OAuth, and resources and prompts of foreign servers.

pub(crate) mod client;
mod error;
mod names;
pub(crate) mod server;

use std::io;

use tokio::runtime::{Builder, Runtime};

pub(crate) use error::McpError;

/// Threads that carry frames; tools run on others.
const FRAME_THREADS: usize = 2;

/// What carries frames. Its threads wait for the network and never for a tool.
fn runtime(name: &str, most_blocking: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(FRAME_THREADS)
        .max_blocking_threads(most_blocking)
        .thread_name(name)
        .enable_all()
        .build()
}
