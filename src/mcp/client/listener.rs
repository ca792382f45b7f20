//! What a server tells unasked: that its tools have changed, and how far a call is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rmcp::model::{
    ClientCapabilities, ClientConfig, Implementation, ProgressNotificationParam, ProgressToken,
    ProtocolVersion,
};
use rmcp::service::NotificationContext;
use rmcp::{ClientHandler, RoleClient};

use super::server::Server;
use crate::sanitize::sanitize;
use crate::tool::Update;

/// A server that says often that its tools have changed is listed so often.
const LIST_EVERY: Duration = Duration::from_millis(500);
/// A message of progress is cut there.
const MAX_MESSAGE_CHARS: usize = 500;

/// Where a call's progress goes: the newest is enough.
pub(super) type Slot = Arc<Mutex<Option<Update>>>;

/// The calls whose progress is listened for.
#[derive(Default)]
pub(super) struct Calls(Mutex<HashMap<ProgressToken, Slot>>);

impl Calls {
    /// Listens until what comes of it is dropped.
    pub fn listen(&self, token: ProgressToken, slot: Slot) -> Listening<'_> {
        self.lock().insert(token.clone(), slot);
        Listening { calls: self, token }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ProgressToken, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call whose progress is listened for.
pub(super) struct Listening<'a> {
    calls: &'a Calls,
    token: ProgressToken,
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.calls.lock().remove(&self.token);
    }
}

/// The client's half of a connection. It can do nothing for a server.
pub(super) struct Listener {
    server: Weak<Server>,
    calls: Arc<Calls>,
}

impl Listener {
    /// Listens for a server, and for calls to it.
    pub fn new(server: Weak<Server>, calls: Arc<Calls>) -> Self {
        Self { server, calls }
    }
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        let implementation = Implementation::new("companion", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), implementation)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        let Some(server) = self.server.upgrade() else {
            return;
        };
        // The first one lists for all that come meanwhile.
        if !server.expect_list() {
            tokio::spawn(async move {
                tokio::time::sleep(LIST_EVERY).await;
                // The server keeps what is wrong.
                let _ = server.ensure_listed().await;
            });
        }
    }

    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let slot = self.calls.lock().get(&progress.progress_token).cloned();
        if let Some(slot) = slot {
            let message = progress
                .message
                .map(|message| sanitize(&message).chars().take(MAX_MESSAGE_CHARS).collect());
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Update::Progress {
                done: progress.progress,
                total: progress.total,
                message,
            });
        }
    }
}
