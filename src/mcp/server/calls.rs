//! Calls of tools for a client: on threads that may wait, with progress, until they are cancelled.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{InputRequiredResult, InputResponses, ProgressNotificationParam, ProgressToken};
use rmcp::service::RequestContext;
use rmcp::{Peer, RoleServer};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::MissedTickBehavior;

use super::ask::Answer;
use super::{MAX_CALLS, Server};
use crate::protocol::CallOrigin;
use crate::sanitize::sanitize;
use crate::tool::{
    Called, CancelToken, Decision, Finished, Pending, ToolCall, ToolContext, ToolError, Update,
};

/// Progress is told so often at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// A question that was answered may be another one by then; so often it is asked again.
const MAX_QUESTIONS: usize = 3;
/// Longer messages of progress are cut.
const MAX_MESSAGE_CHARS: usize = 500;

/// What comes of a call.
pub(super) enum Outcome {
    /// It is over.
    Finished(Finished),
    /// It gave no result.
    Failed(ToolError),
    /// The user has to be asked, and can't be: what to do about it.
    Unasked(String),
    /// The client asks the user, and comes again.
    InputRequired(InputRequiredResult),
}

/// The part of a call that blocks.
enum Step {
    Call(ToolCall),
    Resume(Pending, Decision),
}

impl Server {
    /// Calls a tool. `responses` are a client's answers to what it was asked before.
    pub(super) async fn call(
        &self,
        call: ToolCall,
        context: &RequestContext<RoleServer>,
        mut responses: Option<InputResponses>,
    ) -> Outcome {
        let Ok(_permit) = self.calls.try_acquire() else {
            let message = format!("{MAX_CALLS} calls run already: try again when some are done");
            return Outcome::Failed(ToolError::transient(message));
        };
        let (progress, mut updates) = watch::channel(None);
        let tool_context = ToolContext::new(CallOrigin::Mcp, self.served.place.clone())
            .with_progress(move |update| {
                if let Update::Progress { .. } = update {
                    progress.send_replace(Some(update));
                }
            });
        let cancelled = CancelledOnDrop(tool_context.cancel.clone());
        let mut teller = context
            .meta
            .get_progress_token()
            .map(|token| Teller::new(token, context.peer.clone()));
        let mut step = Step::Call(call);
        for _ in 0..MAX_QUESTIONS {
            let toolbox = Arc::clone(&self.served.toolbox);
            let theirs = tool_context.clone();
            let mut job = spawn_blocking(move || match step {
                Step::Call(call) => toolbox.call(call, &theirs),
                Step::Resume(pending, decision) => toolbox.resume(pending, decision, &theirs),
            });
            let mut pace = tokio::time::interval(PROGRESS_EVERY);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let called = loop {
                tokio::select! {
                    called = &mut job => break called,
                    () = context.ct.cancelled(), if !cancelled.0.is_cancelled() => cancelled.0.cancel(),
                    _ = pace.tick(), if teller.is_some() => tell(&mut teller, &mut updates).await,
                }
            };
            tell(&mut teller, &mut updates).await;
            let pending = match called {
                Ok(Ok(Called::Finished(finished))) => return Outcome::Finished(finished),
                Ok(Ok(Called::Pending(pending))) => pending,
                Ok(Err(error)) => return Outcome::Failed(error),
                Err(_) => return Outcome::Failed(ToolError::failed("the call broke down")),
            };
            match self.ask(&pending, context, responses.take()).await {
                Answer::Given(decision) => step = Step::Resume(pending, decision),
                Answer::Later(required) => return Outcome::InputRequired(*required),
                Answer::Nobody(message) => {
                    let theirs = tool_context.clone();
                    let note = move |server: &Self| {
                        let error = pending.denied("it asks first, and there is nobody to ask");
                        server.served.toolbox.give_up(&pending, &error, &theirs);
                    };
                    self.blocking(note).await;
                    return Outcome::Unasked(message);
                }
            }
        }
        Outcome::Failed(ToolError::failed(
            "what was asked changed while it was asked: try again",
        ))
    }

    /// Does something that waits for a disk.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Option<T> {
        let server = self.clone();
        spawn_blocking(move || what(&server)).await.ok()
    }
}

/// Nobody waits for a request that was dropped.
struct CancelledOnDrop(CancelToken);

impl Drop for CancelledOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Tells a client of progress, which only grows.
struct Teller {
    token: ProgressToken,
    peer: Peer<RoleServer>,
    told: f64,
}

impl Teller {
    fn new(token: ProgressToken, peer: Peer<RoleServer>) -> Self {
        Self {
            token,
            peer,
            told: f64::NEG_INFINITY,
        }
    }
}

async fn tell(teller: &mut Option<Teller>, updates: &mut watch::Receiver<Option<Update>>) {
    let Some(teller) = teller else { return };
    // Without a sender there is still the last value.
    if !updates.has_changed().unwrap_or(true) {
        return;
    }
    let Some(Update::Progress {
        done,
        total,
        message,
    }) = updates.borrow_and_update().clone()
    else {
        return;
    };
    if !done.is_finite() || done <= teller.told {
        return;
    }
    teller.told = done;
    let mut progress = ProgressNotificationParam::new(teller.token.clone(), done);
    if let Some(total) = total.filter(|total| total.is_finite()) {
        progress = progress.with_total(total);
    }
    if let Some(message) = message {
        let message: String = sanitize(&message).chars().take(MAX_MESSAGE_CHARS).collect();
        progress = progress.with_message(message);
    }
    // A client that is gone does not want to hear of it.
    let _ = teller.peer.notify_progress(progress).await;
}
