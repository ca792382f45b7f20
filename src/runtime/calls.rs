//! Calls of tools: each blocks a thread of its own, and waits there for the user's answer if there
//! is a question.
//!
//! Invariants: a question is a report, and its answer an effect: nothing of the loop waits. Who
//! asked hears of every end: an answer, a cancel, a deadline, the end of the session.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::bounded::bounded;
use crate::builtin::{self, Engines};
use crate::panics;
use crate::protocol::{
    Approval, ApprovalId, ApprovalRequest, CallFailure, CallOrigin, CallOutcome, CallProgress,
    CallStatus, CellId, Decision, ToolCall,
};
use crate::session::Report;
use crate::store::Store;
use crate::tool::{
    Called, CancelToken, Content, Finished, Pending, Place, ToolContext, ToolError, ToolSpec,
    Toolbox, Update,
};

/// Who waits for an answer looks so often whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// So many news of a call are told in a second; more are left out until the next one.
const NEWS_A_SECOND: u32 = 20;
/// So much of what a call printed is told while it runs, in bytes.
const PRINTED_BYTES: usize = 2 << 10;
/// At the end of the session calls have so long to stop.
const PATIENCE: Duration = Duration::from_secs(2);
/// A longer preview is cut, in bytes.
const MAX_PREVIEW_BYTES: usize = 256 << 10;

/// The calls of a session, and the questions that they wait with. Clones are one.
#[derive(Clone)]
pub(crate) struct Calls(Arc<Shared>);

struct Shared {
    toolbox: Arc<Toolbox>,
    engines: Arc<Engines>,
    store: Arc<dyn Store>,
    place: Place,
    reports: mpsc::Sender<Report>,
    state: Mutex<State>,
    /// Something of the state has changed.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    last: u64,
    /// What is asked, with the answer once there is one.
    asked: BTreeMap<ApprovalId, Option<Reply>>,
    /// The user's own calls.
    running: BTreeMap<CellId, CancelToken>,
    is_over: bool,
}

#[derive(Clone, Copy)]
enum Reply {
    Decided(Decision),
    Withdrawn,
}

impl Calls {
    /// Calls through this toolbox, whose questions become reports.
    pub fn new(
        toolbox: Arc<Toolbox>,
        engines: Arc<Engines>,
        store: Arc<dyn Store>,
        place: Place,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        Self(Arc::new(Shared {
            toolbox,
            engines,
            store,
            place,
            reports,
            state: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// A context for calls from here, without a deadline.
    pub fn context(&self, origin: CallOrigin) -> ToolContext {
        ToolContext::new(origin, self.0.place.clone())
    }

    /// Calls a tool for a cell, and blocks until it is over. If a rule asks, the user is asked, and
    /// this waits for the answer, or until the context is cancelled or its deadline has come.
    ///
    /// # Errors
    /// Why there is no result.
    pub fn call(
        &self,
        call: ToolCall,
        context: ToolContext,
        cell: CellId,
    ) -> Result<Finished, ToolError> {
        let (shared, context) = (&*self.0, &context);
        let mut called = shared.toolbox.call(call, context)?;
        loop {
            match called {
                Called::Finished(finished) => return Ok(finished),
                Called::Pending(pending) => {
                    let decision = shared.ask(&pending, context, cell).inspect_err(|error| {
                        shared.toolbox.give_up(&pending, error, context);
                    })?;
                    called = shared.toolbox.resume(pending, decision, context)?;
                }
            }
        }
    }

    /// Carries a call of the session out on a thread of its own.
    pub(super) fn start(&self, cell: CellId, call: ToolCall, origin: CallOrigin) {
        let news = News::new(cell, self.0.reports.clone());
        let context = self
            .context(origin)
            .with_progress(move |update| news.tell(update));
        self.0.state().running.insert(cell, context.cancel.clone());
        let calls = self.clone();
        let thread = std::thread::Builder::new()
            .name(format!("call {cell}"))
            .spawn(move || {
                let outcome = calls.outcome(call, context, cell);
                calls.end_of(cell, outcome);
            });
        if let Err(error) = thread {
            let error = ToolError::transient(format!("there is no thread for it: {error}"));
            let outcome = failed(&error, Duration::ZERO);
            // On the loop's own thread, which may not wait for itself.
            self.0.state().running.remove(&cell);
            let outcome = Box::new(outcome);
            let _ = self.0.reports.try_send(Report::Called { cell, outcome });
        }
    }

    fn outcome(&self, call: ToolCall, context: ToolContext, cell: CellId) -> CallOutcome {
        let began = Instant::now();
        let result = panics::contain(|| self.call(call, context, cell)).unwrap_or_else(|panic| {
            let message = format!("the call broke down: {panic}; this is a mistake of companion");
            Err(ToolError::failed(message))
        });
        match result {
            Ok(finished) => {
                let Finished {
                    output,
                    rule,
                    cached,
                    attempts,
                    took,
                    mut warnings,
                } = finished;
                let status = if output.is_error {
                    CallStatus::ToolFailed
                } else {
                    CallStatus::Ok
                };
                let (content, whole) = bounded(output, self.0.store.blobs(), &mut warnings);
                CallOutcome {
                    status,
                    content,
                    whole,
                    rule: Some(rule),
                    cached,
                    attempts,
                    took,
                    warnings,
                }
            }
            Err(error) => failed(&error, began.elapsed()),
        }
    }

    fn end_of(&self, cell: CellId, outcome: CallOutcome) {
        let outcome = Box::new(outcome);
        // The loop stops listening when the session has ended.
        let _ = self
            .0
            .reports
            .blocking_send(Report::Called { cell, outcome });
        self.0.state().running.remove(&cell);
        self.0.changed.notify_all();
    }

    /// Asks a call of the session to stop.
    pub(super) fn cancel(&self, cell: CellId) {
        if let Some(cancel) = self.0.state().running.get(&cell) {
            cancel.cancel();
        }
    }

    /// Answers a question.
    pub(super) fn decide(&self, approval: ApprovalId, decision: Decision) {
        self.0.reply(approval, Reply::Decided(decision));
    }

    /// Tells who asked that there will be no answer.
    pub(super) fn withdraw(&self, approval: ApprovalId) {
        self.0.reply(approval, Reply::Withdrawn);
    }

    /// Asks everything to stop; nothing is asked or called any more.
    pub(super) fn stop(&self) {
        let mut state = self.0.state();
        state.is_over = true;
        state.running.values().for_each(CancelToken::cancel);
        for reply in state.asked.values_mut() {
            reply.get_or_insert(Reply::Withdrawn);
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// Stops, and waits a while for calls that run: a file that is half written is not there.
    pub(super) fn end(self) {
        self.stop();
        let state = self.0.state();
        let wait = self
            .0
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !state.running.is_empty());
        drop(wait);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, approval: ApprovalId, reply: Reply) {
        if let Some(place) = self.state().asked.get_mut(&approval) {
            place.get_or_insert(reply);
        }
        self.changed.notify_all();
    }

    /// Asks the user, and waits.
    fn ask(
        &self,
        pending: &Pending,
        context: &ToolContext,
        cell: CellId,
    ) -> Result<Decision, ToolError> {
        context.check()?;
        let request = self.request(pending, context);
        let approval = {
            let mut state = self.state();
            if state.is_over {
                return Err(ToolError::Cancelled);
            }
            state.last += 1;
            let approval = ApprovalId(state.last);
            state.asked.insert(approval, None);
            approval
        };
        let asked = Report::ApprovalRequested(Approval {
            approval,
            cell,
            request,
        });
        let is_heard = self.reports.blocking_send(asked).is_ok();
        let answer = if is_heard {
            self.wait(approval, context)
        } else {
            Err(ToolError::Cancelled)
        };
        self.state().asked.remove(&approval);
        answer
    }

    fn wait(&self, approval: ApprovalId, context: &ToolContext) -> Result<Decision, ToolError> {
        let mut state = self.state();
        loop {
            match state.asked.get(&approval).copied().flatten() {
                Some(Reply::Decided(decision)) => return Ok(decision),
                Some(Reply::Withdrawn) => return Err(ToolError::Cancelled),
                None => {}
            }
            if let Err(error) = context.check() {
                drop(state);
                let withdrawn = Report::ApprovalWithdrawn { approval };
                let _ = self.reports.blocking_send(withdrawn);
                return Err(error);
            }
            let waited = self.changed.wait_timeout(state, LOOK_EVERY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What a person has to know to answer.
    fn request(&self, pending: &Pending, context: &ToolContext) -> ApprovalRequest {
        let Pending { call, question, .. } = pending;
        let registered = self.toolbox.registry.known(&question.tool);
        let spec = registered.as_ref().map(|registered| registered.spec());
        // As the tool would get them, with what the schema has made of them.
        let arguments = serde_json::from_str(&question.arguments);
        let arguments = arguments.unwrap_or_else(|_| call.arguments.clone());
        let name = question.tool.as_str();
        let preview = builtin::preview(&self.engines, name, &arguments, &context.place);
        ApprovalRequest {
            question: question.clone(),
            touches: spec.map(ToolSpec::touches).unwrap_or_default(),
            is_harmless: spec.is_some_and(ToolSpec::is_harmless),
            preview: preview.map(cut),
        }
    }
}

fn cut(mut preview: String) -> String {
    if preview.len() > MAX_PREVIEW_BYTES {
        let end = preview.floor_char_boundary(MAX_PREVIEW_BYTES);
        let rest = preview.len() - end;
        preview.truncate(end);
        preview.push_str("\n… ");
        preview.push_str(&rest.to_string());
        preview.push_str(" bytes more are not shown\n");
    }
    preview
}

fn failed(error: &ToolError, took: Duration) -> CallOutcome {
    let failure = error.failure();
    let rule = match error {
        ToolError::Denied { rule, .. } => Some(rule.clone()),
        _ => None,
    };
    // The time in which a person thought is not the tool's.
    let is_timed = matches!(failure, CallFailure::Failed | CallFailure::TimedOut);
    CallOutcome {
        rule,
        took: if is_timed { took } else { Duration::ZERO },
        ..CallOutcome::of(CallStatus::Failed {
            failure,
            message: error.to_string(),
        })
    }
}

/// What is told of a call that runs: not more than eyes can follow.
struct News {
    cell: CellId,
    reports: mpsc::Sender<Report>,
    state: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    progress: CallProgress,
    /// When the second began that is counted, and how many news it had.
    second: Option<(Instant, u32)>,
}

impl Told {
    fn take(&mut self, update: Update) -> bool {
        match update {
            Update::Progress {
                done,
                total,
                message,
            } => {
                let progress = &mut self.progress;
                (progress.done, progress.total, progress.message) = (done, total, message);
                true
            }
            Update::Output(Content::Text { text }) => {
                let printed = &mut self.progress.printed;
                printed.push_str(&text);
                let surplus = printed.len().saturating_sub(PRINTED_BYTES);
                printed.drain(..printed.ceil_char_boundary(surplus));
                true
            }
            Update::Output(_) | Update::Image { .. } | Update::Picture { .. } => false,
        }
    }

    fn is_due(&mut self) -> bool {
        match &mut self.second {
            Some((began, news)) if began.elapsed() < Duration::from_secs(1) => {
                *news += 1;
                *news <= NEWS_A_SECOND
            }
            second => {
                *second = Some((Instant::now(), 1));
                true
            }
        }
    }
}

impl News {
    fn new(cell: CellId, reports: mpsc::Sender<Report>) -> Self {
        Self {
            cell,
            reports,
            state: Mutex::default(),
        }
    }

    fn tell(&self, update: Update) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.take(update) && state.is_due() {
            // A loop that is behind hears of the next ones.
            let _ = self.reports.try_send(Report::CallProgressed {
                cell: self.cell,
                progress: state.progress.clone(),
            });
        }
    }
}
