//! One server: started when it is wanted, started again when it has ended, listed when it says that
//! its tools have changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig,
    ClientRequest, Implementation, JsonObject, PaginatedRequestParams, ProgressNotificationParam,
    ProgressToken, ProtocolVersion, ServerResult, Tool,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RunningService};
use rmcp::{ClientHandler, Peer, RoleClient, ServiceError};
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::timeout;

use super::config::ServerConfig;
use super::connect::{Tail, connect};
use super::tool::ForeignTool;
use super::{Shared, content};
use crate::protocol::ToolName;
use crate::sanitize::sanitize;
use crate::tool::{RegisterError, Tool as _, ToolContext, ToolError, ToolOutput, Toolbox, Update};

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
/// A server that says often that its tools have changed is listed so often.
const LIST_EVERY: Duration = Duration::from_millis(500);
/// How often it is looked whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Problems of tools that are told.
const MAX_PROBLEMS: usize = 20;
/// A message of progress is cut there.
const MAX_MESSAGE_CHARS: usize = 500;

/// Where a call's progress goes: the newest is enough.
type Slot = Arc<Mutex<Option<Update>>>;

/// A server of the file.
pub(super) struct Server {
    config: ServerConfig,
    shared: Arc<Shared>,
    state: AsyncMutex<State>,
    /// Its tools in the registry: by name, the name that the server knows.
    tools: Mutex<BTreeMap<ToolName, String>>,
    is_list_due: AtomicBool,
    progress: Mutex<HashMap<ProgressToken, Slot>>,
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
    pub fn new(config: ServerConfig, shared: Arc<Shared>) -> Self {
        Self {
            config,
            shared,
            state: AsyncMutex::default(),
            tools: Mutex::default(),
            is_list_due: AtomicBool::new(true),
            progress: Mutex::default(),
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

    /// Starts it if it was never listed, and lists it.
    pub async fn ensure_listed(self: &Arc<Self>) -> Result<(), String> {
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
            Ok(Err(error)) => self.problem("its tools can't be listed", &error.to_string(), &tail),
            Err(_) => self.problem("its tools can't be listed", "it does not answer", &tail),
        };
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
        let listener = Listener(Arc::downgrade(self));
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
            Ok(Err(error)) => self.problem("it did not start", &error, &tail),
            Err(_) => {
                let long = format!("it said nothing for {} s", START_PATIENCE.as_secs());
                self.problem("it did not start", &long, &tail)
            }
        };
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
        let failed =
            |error: &ServiceError| self.problem("the call failed", &error.to_string(), &tail);
        let mut handle = peer
            .send_cancellable_request(request, PeerRequestOptions::no_options())
            .await
            .map_err(|error| failed(&error))?;
        let _told = Told::new(&self, handle.progress_token.clone(), slot);
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
            Ok(Err(ServiceError::McpError(error))) => Err(format!(
                "the MCP server {} refused: {}",
                self.name(),
                sanitize(&error.message)
            )),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(self.problem("the call failed", "it has ended", &tail)),
        }
    }

    /// Ends it.
    pub async fn close(&self) {
        let running = self.state.lock().await.running.take();
        if let Some(running) = running {
            let _ = running.service.cancel().await;
        }
    }

    fn problem(&self, what: &str, why: &str, tail: &Tail) -> String {
        let mut text = format!("the MCP server {}: {what}: {}", self.name(), sanitize(why));
        if let Some(said) = tail.said() {
            text.push_str("; the last that it wrote to standard error: ");
            text.push_str(&said);
        }
        text
    }
}

/// What a server tells unasked.
struct Listener(Weak<Server>);

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        let implementation = Implementation::new("companion", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), implementation)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        let Some(server) = self.0.upgrade() else {
            return;
        };
        // The first one lists for all that come meanwhile.
        if !server.is_list_due.swap(true, Ordering::AcqRel) {
            tokio::spawn(async move {
                tokio::time::sleep(LIST_EVERY).await;
                let _ = server.ensure_listed().await;
            });
        }
    }

    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let Some(server) = self.0.upgrade() else {
            return;
        };
        let slot = lock(&server.progress)
            .get(&progress.progress_token)
            .cloned();
        if let Some(slot) = slot {
            let message = progress
                .message
                .map(|message| sanitize(&message).chars().take(MAX_MESSAGE_CHARS).collect());
            *lock(&slot) = Some(Update::Progress {
                done: progress.progress,
                total: progress.total,
                message,
            });
        }
    }
}

/// A call whose progress is listened for.
struct Told<'a> {
    server: &'a Server,
    token: ProgressToken,
}

impl<'a> Told<'a> {
    fn new(server: &'a Server, token: ProgressToken, slot: Slot) -> Self {
        lock(&server.progress).insert(token.clone(), slot);
        Self { server, token }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        lock(&self.server.progress).remove(&self.token);
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
