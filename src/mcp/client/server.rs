//! One server: started when it is wanted, started again when it has ended, listed when it says that
//! its tools have changed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest, JsonObject,
    PaginatedRequestParams, ServerResult, Tool,
};
use rmcp::service::{PeerRequestOptions, RunningService};
use rmcp::{Peer, RoleClient, ServiceError};
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::timeout;

use super::config::ServerConfig;
use super::connect::{Tail, connect, with_causes};
use super::listener::{Calls, Listener, Slot};
use super::tool::ForeignTool;
use super::{LOOK_EVERY, Shared, content};
use crate::protocol::ToolName;
use crate::sanitize::sanitize;
use crate::tool::{RegisterError, Tool as _, ToolContext, ToolError, ToolOutput, Toolbox};

/// A program may have to be downloaded first, by npx or uvx.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// For a list of tools.
const LIST_PATIENCE: Duration = Duration::from_secs(30);
/// After a failure it is not tried again for so long.
const REST: Duration = Duration::from_secs(10);
/// So often in [`STARTS_WITHIN`] it is started.
const MAX_STARTS: usize = 5;
const STARTS_WITHIN: Duration = Duration::from_mins(10);
/// Most pages of a list, and tools in it.
const MAX_PAGES: usize = 100;
const MAX_TOOLS: usize = 1000;
/// Problems of tools that are told.
const MAX_PROBLEMS: usize = 20;

/// A server of the file.
pub(super) struct Server {
    config: ServerConfig,
    shared: Arc<Shared>,
    state: AsyncMutex<State>,
    /// Its tools in the registry: by name, the name that the server knows.
    tools: Mutex<BTreeMap<ToolName, String>>,
    is_list_due: AtomicBool,
    /// Held while it is listed: who comes meanwhile waits for the same list.
    listing: AsyncMutex<()>,
    progress: Arc<Calls>,
    problems: Mutex<Vec<String>>,
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    starts: Vec<Instant>,
    failed: Option<(Instant, String)>,
}

struct Running {
    service: RunningService<RoleClient, Listener>,
    tail: Tail,
}

impl Server {
    /// One that nobody wanted yet.
    pub fn new(config: ServerConfig, shared: Arc<Shared>) -> Self {
        Self {
            config,
            shared,
            state: AsyncMutex::default(),
            tools: Mutex::default(),
            is_list_due: AtomicBool::new(true),
            listing: AsyncMutex::default(),
            progress: Arc::default(),
            problems: Mutex::default(),
        }
    }

    /// The namespace of its tools.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// What is wrong with it or with tools of it.
    pub fn problems(&self) -> Vec<String> {
        lock(&self.problems).clone()
    }

    /// Whether the next list has to ask it, from now on. Whether it had to already.
    pub fn expect_list(&self) -> bool {
        self.is_list_due.swap(true, Ordering::AcqRel)
    }

    /// Starts it if it was never listed, and lists it.
    pub async fn ensure_listed(self: &Arc<Self>) -> Result<(), String> {
        let _listing = self.listing.lock().await;
        if !self.is_list_due.load(Ordering::Acquire) {
            return Ok(());
        }
        let listed = self.list().await;
        if let Err(problem) = &listed {
            *lock(&self.problems) = vec![problem.clone()];
        }
        listed
    }

    async fn list(self: &Arc<Self>) -> Result<(), String> {
        let (peer, tail) = self.connected().await?;
        // Before it is asked: what changes meanwhile is another change.
        self.is_list_due.store(false, Ordering::Release);
        let listed = timeout(LIST_PATIENCE, all_tools(&peer)).await;
        let problem = match listed {
            Ok(Ok(tools)) => {
                self.register(tools);
                return Ok(());
            }
            Ok(Err(error)) => why(&error),
            Err(_) => "it does not answer".to_owned(),
        };
        let problem = self
            .problem("its tools can't be listed", &problem, &tail)
            .await;
        self.is_list_due.store(true, Ordering::Release);
        Err(problem)
    }

    /// Puts its tools into the registry, in the place of those that were there.
    fn register(self: &Arc<Self>, listed: Vec<Tool>) {
        let Some(toolbox) = self.shared.toolbox.get().and_then(Weak::upgrade) else {
            return;
        };
        let mut problems = Vec::new();
        let mut names = BTreeMap::new();
        for tool in listed {
            let theirs = tool.name.to_string();
            match ForeignTool::of(tool, self) {
                Ok(tool) if names.contains_key(&tool.spec().name) => problems.push(format!(
                    "the tool {:?} is not used: another one is called {} already",
                    sanitize(&theirs),
                    tool.spec().name
                )),
                Ok(tool) => {
                    let name = tool.spec().name.clone();
                    match put(&toolbox, tool) {
                        Ok(()) => {
                            names.insert(name, theirs);
                        }
                        Err(error) => problems.push(told(&error)),
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        let before = std::mem::replace(&mut *lock(&self.tools), names.clone());
        for gone in before.keys().filter(|name| !names.contains_key(*name)) {
            toolbox.registry.remove(gone);
        }
        let more = problems.len().saturating_sub(MAX_PROBLEMS);
        problems.truncate(MAX_PROBLEMS);
        let name = self.name();
        let mut problems: Vec<String> = problems
            .into_iter()
            .map(|problem| format!("the MCP server {name}: {problem}"))
            .collect();
        if more > 0 {
            problems.push(format!("the MCP server {name}: and {more} more tools"));
        }
        *lock(&self.problems) = problems;
    }

    /// A connection that is alive, started if there is none.
    async fn connected(self: &Arc<Self>) -> Result<(Peer<RoleClient>, Tail), String> {
        let mut state = self.state.lock().await;
        if let Some(running) = &state.running {
            let peer = running.service.peer();
            if !running.service.is_closed() && !peer.is_transport_closed() {
                return Ok((peer.clone(), running.tail.clone()));
            }
        }
        state.running = None;
        if let Some((at, problem)) = &state.failed
            && at.elapsed() < REST
        {
            return Err(problem.clone());
        }
        state.starts.retain(|start| start.elapsed() < STARTS_WITHIN);
        if state.starts.len() >= MAX_STARTS {
            return Err(format!(
                "the MCP server {} was started {MAX_STARTS} times in {} minutes, and ended each time: \
                 it is left alone for some minutes",
                self.name(),
                STARTS_WITHIN.as_secs() / 60
            ));
        }
        state.starts.push(Instant::now());
        let tail = Tail::default();
        let listener = Listener::new(Arc::downgrade(self), Arc::clone(&self.progress));
        let connecting = connect(&self.config.transport, &self.shared.folder, listener, &tail);
        let problem = match timeout(START_PATIENCE, connecting).await {
            Ok(Ok(service)) => {
                let peer = service.peer().clone();
                state.failed = None;
                state.running = Some(Running {
                    service,
                    tail: tail.clone(),
                });
                return Ok((peer, tail));
            }
            Ok(Err(problem)) => problem,
            Err(_) => format!("it said nothing for {} s", START_PATIENCE.as_secs()),
        };
        let problem = self.problem("it did not start", &problem, &tail).await;
        state.failed = Some((Instant::now(), problem.clone()));
        Err(problem)
    }

    /// Calls a tool, and waits for it as long as somebody waits for the result.
    pub fn call(
        self: &Arc<Self>,
        tool: &str,
        arguments: JsonObject,
        context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        let slot = Slot::default();
        let stop = Arc::new(Notify::new());
        let (sender, receiver) = sync_channel(1);
        let (server, theirs, stopped) = (Arc::clone(self), Arc::clone(&slot), Arc::clone(&stop));
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        self.shared.runtime.spawn(async move {
            // Nobody may wait any more.
            let _ = sender.send(server.exchange(params, theirs, &stopped).await);
        });
        loop {
            let result = receiver.recv_timeout(LOOK_EVERY);
            if let Some(update) = lock(&slot).take() {
                context.report(update);
            }
            match result {
                Ok(result) => {
                    let engines = &self.shared.engines;
                    return result
                        .map_err(ToolError::transient)
                        .and_then(|result| content::output(result, engines));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(ToolError::failed("the call broke down"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(error) = context.check() {
                stop.notify_one();
                return Err(error);
            }
        }
    }

    /// Sends a call and waits for what comes, or until it is to stop.
    async fn exchange(
        self: Arc<Self>,
        params: CallToolRequestParams,
        slot: Slot,
        stop: &Notify,
    ) -> Result<CallToolResult, String> {
        let (peer, tail) = tokio::select! {
            connected = self.connected() => connected?,
            () = stop.notified() => return Err("it was cancelled".to_owned()),
        };
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let sent = peer.send_cancellable_request(request, PeerRequestOptions::no_options());
        let mut handle = match sent.await {
            Ok(handle) => handle,
            Err(error) => return Err(self.problem("the call failed", &why(&error), &tail).await),
        };
        let _listening = self.progress.listen(handle.progress_token.clone(), slot);
        let result = tokio::select! {
            result = &mut handle.rx => result,
            () = stop.notified() => {
                // It may be gone by now.
                let _ = handle.cancel(Some("nobody waits for it any more".to_owned())).await;
                return Err("it was cancelled".to_owned());
            }
        };
        match result {
            Ok(Ok(ServerResult::CallToolResult(result))) => Ok(result),
            Ok(Ok(ServerResult::InputRequiredResult(_))) => Err(format!(
                "the MCP server {} asks for something that companion does not answer",
                self.name()
            )),
            Ok(Ok(_)) => Err(format!(
                "the MCP server {} gave something that is no result of a tool",
                self.name()
            )),
            // It lives, and has said what it does not want.
            Ok(Err(error @ ServiceError::McpError(_))) => {
                Err(format!("the MCP server {}: {}", self.name(), why(&error)))
            }
            Ok(Err(error)) => Err(self.problem("the call failed", &why(&error), &tail).await),
            Err(_) => Err(self.problem("the call failed", "it has ended", &tail).await),
        }
    }

    /// Ends it.
    pub async fn close(&self) {
        let running = self.state.lock().await.running.take();
        if let Some(running) = running {
            let _ = running.service.cancel().await;
        }
    }

    async fn problem(&self, what: &str, why: &str, tail: &Tail) -> String {
        tail.settle().await;
        let mut text = format!("the MCP server {}: {what}: {why}", self.name());
        if let Some(said) = tail.said() {
            text.push_str("; the last that it wrote to standard error: ");
            text.push_str(&said);
        }
        text
    }
}

/// Why a request failed.
fn why(error: &ServiceError) -> String {
    match error {
        ServiceError::TransportSend(error) => with_causes(&*error.error),
        ServiceError::TransportClosed => "it has ended".to_owned(),
        ServiceError::McpError(error) => format!("it refused: {}", sanitize(&error.message)),
        other => sanitize(&other.to_string()).into_owned(),
    }
}

/// Every tool, page by page, up to a bound.
async fn all_tools(peer: &Peer<RoleClient>) -> Result<Vec<Tool>, ServiceError> {
    let mut tools = Vec::new();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = peer.list_tools(Some(params)).await?;
        tools.extend(page.tools);
        cursor = page.next_cursor;
        if cursor.is_none() || tools.len() >= MAX_TOOLS {
            break;
        }
    }
    tools.truncate(MAX_TOOLS);
    Ok(tools)
}

/// Registers a tool, if it is another one than before; without a schema of its output, if that is
/// none that can be used.
fn put(toolbox: &Toolbox, tool: ForeignTool) -> Result<(), RegisterError> {
    let known = toolbox.registry.known(&tool.spec().name);
    if known.is_some_and(|known| known.spec() == tool.spec()) {
        return Ok(());
    }
    match toolbox.registry.replace(Arc::new(tool.clone())) {
        Err(RegisterError::Schema {
            which: "output_schema",
            ..
        }) => toolbox.registry.replace(Arc::new(tool.without_output())),
        other => other,
    }
}

fn told(error: &RegisterError) -> String {
    let mut text = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        text.push_str(": ");
        text.push_str(&source.to_string());
    }
    sanitize(&text).into_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
