//! companion as an MCP server: its tools, what it has made and what was typed, for editors and
//! agents.
//!
//! Invariants: a tool runs on a thread of its own and never on one that carries frames; a call that
//! nobody waits for any more is cancelled; a session more or less changes nothing for the others,
//! but what a user allowed "for this session" holds for every client of this process, and the
//! question says so.

mod ask;
mod calls;
mod content;
mod handler;
mod http;
mod prompts;
mod resources;
mod signals;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rmcp::service::{QuitReason, ServerInitializeError, ServiceExt as _};
use tokio::sync::{Semaphore, watch};

use super::{McpError, runtime};
use crate::builtin::Engines;
use crate::tool::{Place, Toolbox};

pub(crate) use http::Listen;

/// Most calls at once, over all clients.
const MAX_CALLS: usize = 32;
/// For calls, and for what else waits for a disk.
const MAX_BLOCKING: usize = MAX_CALLS + 16;
/// Threads that still run when all is over get so long.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// What is served.
pub(crate) struct Served {
    /// The tools, under their policy.
    pub toolbox: Arc<Toolbox>,
    /// Where pictures are kept.
    pub engines: Arc<Engines>,
    /// Where calls come from.
    pub place: Place,
    /// The file of rules, to be named to who may change it.
    pub rules: PathBuf,
}

/// The server's half of every session. Clones are one server.
#[derive(Clone)]
struct Server {
    served: Arc<Served>,
    calls: Arc<Semaphore>,
    /// Counts the changes of the registry.
    changes: watch::Receiver<u64>,
}

impl Server {
    fn new(served: Served) -> Result<Self, McpError> {
        let (sender, changes) = watch::channel(0);
        let registry = served.toolbox.registry.subscribe();
        // Ends with the registry, or when nobody is left to be told.
        thread::Builder::new()
            .name("mcp changes".to_owned())
            .spawn(move || {
                while registry.recv().is_ok() && !sender.is_closed() {
                    sender.send_modify(|count| *count += 1);
                }
            })
            .map_err(McpError::Threads)?;
        Ok(Self {
            served: Arc::new(served),
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            changes,
        })
    }
}

/// Serves one client over standard input and output, until it closes them or a signal says stop.
///
/// # Errors
/// If there are no threads, or what comes is no MCP.
pub(crate) fn serve_stdio(served: Served) -> Result<(), McpError> {
    let runtime = runtime("mcp", MAX_BLOCKING).map_err(McpError::Threads)?;
    let served = runtime.block_on(async {
        let server = Server::new(served)?;
        let mut stop = signals::stop()?;
        let serving = async {
            let greeting = server.serve(rmcp::transport::stdio_pipes());
            let running = match Box::pin(greeting).await {
                Ok(running) => running,
                // Nobody has said a word.
                Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
                Err(error) => return Err(McpError::Connection(error.to_string())),
            };
            match running.waiting().await {
                Ok(QuitReason::JoinError(error)) | Err(error) => {
                    Err(McpError::Connection(error.to_string()))
                }
                Ok(_) => Ok(()),
            }
        };
        tokio::select! {
            ended = serving => ended,
            () = stop.wait() => Ok(()),
        }
    });
    // A thread may wait for standard input, and nothing can end that.
    runtime.shutdown_timeout(LAST_WAIT);
    served
}

/// Serves any number of clients over streamable HTTP, until a signal says stop. `ready` gets the
/// address.
///
/// # Errors
/// If the address can't be listened on, or others could reach it without a token.
pub(crate) fn serve_http(
    served: Served,
    listen: Listen,
    ready: impl FnOnce(&str),
) -> Result<(), McpError> {
    let runtime = runtime("mcp", MAX_BLOCKING).map_err(McpError::Threads)?;
    let served = runtime.block_on(async {
        let server = Server::new(served)?;
        http::serve(server, listen, ready).await
    });
    runtime.shutdown_timeout(LAST_WAIT);
    served
}
