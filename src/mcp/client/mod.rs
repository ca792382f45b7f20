//! companion as an MCP client: the servers of `mcp.json`, and their tools in the registry.
//!
//! A server is started when somebody wants its tools for the first time: by a list, or by a name
//! with its namespace. One that has ended is started again by the next call, a few times.
//!
//! Invariants: what a server says is bounded and sanitised before anybody sees it; its hints count
//! for nothing, its tools are taken for the worst; a picture is decoded before it is kept; what it
//! writes to standard error is kept for messages, and never shown as it is; no server waits for
//! another one.
//!
//! Absent on purpose: answers to what a server may ask a client (sampling, roots, elicitation), and
//! the servers that a project names: a project may come from somebody else, and a server is a
//! program.

mod config;
mod connect;
mod content;
mod listener;
mod server;
mod tool;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};

use self::server::Server;
use super::{McpError, runtime};
use crate::builtin::Engines;
use crate::tool::{ToolSource, Toolbox};

/// A runtime that only waits needs few threads that may block: names of hosts are looked up there.
const MAX_BLOCKING: usize = 8;
/// How often it is looked whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Servers get so long to end.
const GOODBYE: Duration = Duration::from_millis(1500);

/// The namespaces of the servers in a file, and what is wrong with others. Starts nothing.
///
/// # Errors
/// As [`Servers::load`].
pub(crate) fn configured(path: &Path) -> Result<(Vec<String>, Vec<String>), McpError> {
    let (configs, problems) = config::load(path)?;
    let names = configs.into_iter().map(|config| config.name);
    Ok((names.collect(), problems))
}

/// What servers share.
struct Shared {
    engines: Arc<Engines>,
    /// Whose registry the tools are in.
    toolbox: OnceLock<Weak<Toolbox>>,
    runtime: Handle,
    /// Where servers are started.
    folder: PathBuf,
}

/// The servers of a file. They end with it.
pub(crate) struct Servers {
    all: Vec<Arc<Server>>,
    shared: Arc<Shared>,
    runtime: Mutex<Option<Runtime>>,
    /// What is wrong with servers of the file.
    problems: Vec<String>,
}

impl Servers {
    /// Reads a file; starts nothing. `None` if there is no file, or no server in it. Servers are
    /// started in `folder`; pictures of theirs are kept by the engines.
    ///
    /// # Errors
    /// If it can't be read, or is no JSON of servers. What is wrong with one of them is a problem
    /// of that one.
    pub fn load(
        path: &Path,
        engines: &Arc<Engines>,
        folder: &Path,
    ) -> Result<Option<Arc<Self>>, McpError> {
        let (configs, problems) = config::load(path)?;
        if configs.is_empty() && problems.is_empty() {
            return Ok(None);
        }
        let runtime = runtime("mcp client", MAX_BLOCKING).map_err(McpError::Threads)?;
        let shared = Arc::new(Shared {
            engines: Arc::clone(engines),
            toolbox: OnceLock::new(),
            runtime: runtime.handle().clone(),
            folder: folder.to_owned(),
        });
        let servers = configs
            .into_iter()
            .map(|config| Arc::new(Server::new(config, Arc::clone(&shared))));
        Ok(Some(Arc::new(Self {
            all: servers.collect(),
            shared,
            runtime: Mutex::new(Some(runtime)),
            problems,
        })))
    }

    /// Offers the tools to a toolbox, the first one that asks. They are there when somebody wants
    /// them.
    pub fn register(self: &Arc<Self>, toolbox: &Arc<Toolbox>) {
        if self.shared.toolbox.set(Arc::downgrade(toolbox)).is_ok() {
            toolbox
                .registry
                .add_source(Arc::clone(self) as Arc<dyn ToolSource>);
        }
    }
}

impl ToolSource for Servers {
    fn load(&self, namespace: Option<&str>, is_cancelled: &dyn Fn() -> bool) -> Result<(), String> {
        let wanted = |server: &&Arc<Server>| namespace.is_none_or(|wanted| wanted == server.name());
        let waiting: Vec<_> = self
            .all
            .iter()
            .filter(wanted)
            .map(|server| {
                let (sender, receiver) = sync_channel(1);
                let server = Arc::clone(server);
                self.shared.runtime.spawn(async move {
                    // Whoever asked waits.
                    let _ = sender.send(server.ensure_listed().await);
                });
                receiver
            })
            .collect();
        if let (Some(name), true) = (namespace, waiting.is_empty()) {
            let begin = format!("the server {name:?} ");
            let unused = self
                .problems
                .iter()
                .find(|problem| problem.starts_with(&begin));
            return unused.cloned().map_or(Ok(()), Err);
        }
        let mut problems = Vec::new();
        for receiver in waiting {
            let listed = loop {
                match receiver.recv_timeout(LOOK_EVERY) {
                    // It goes on to be started: the next one who asks has it sooner.
                    Err(RecvTimeoutError::Timeout) if is_cancelled() => return Ok(()),
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(listed) => break listed,
                    Err(RecvTimeoutError::Disconnected) => {
                        break Err("starting a server broke down".to_owned());
                    }
                }
            };
            problems.extend(listed.err());
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.join("; "))
        }
    }

    fn problems(&self) -> Vec<String> {
        let of_servers = self.all.iter().flat_map(|server| server.problems());
        self.problems.iter().cloned().chain(of_servers).collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(runtime) = runtime.take() else {
            return;
        };
        let servers = std::mem::take(&mut self.all);
        // On a thread that belongs to no runtime: whoever drops this may be on one that does.
        let closing = thread::spawn(move || {
            runtime.block_on(async {
                let closing = servers.iter().map(|server| {
                    let server = Arc::clone(server);
                    tokio::spawn(async move { server.close().await })
                });
                let closing: Vec<_> = closing.collect();
                let all = async {
                    for closed in closing {
                        let _ = closed.await;
                    }
                };
                let _ = tokio::time::timeout(GOODBYE, all).await;
            });
            runtime.shutdown_background();
        });
        let _ = closing.join();
    }
}
