//! Running a tool: with a bound on time, again if that may help, and apart from the caller if it
//! may not stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::registry::Registered;
use super::threads::Threads;
use super::{CancelToken, ToolContext, ToolError, ToolOutput};
use crate::panics;

/// Whoever waits for a tool looks so often whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A tool that is to stop has so long to do it by itself.
const GRACE: Duration = Duration::from_millis(250);
/// Before the first retry; twice as long before each one after.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Most tools on threads of their own, with those that were given up and go on.
const MAX_RUNNING: usize = 256;

/// Runs tools, and counts those on threads of their own.
#[derive(Default)]
pub(super) struct Runner {
    running: Arc<AtomicUsize>,
    threads: Threads,
}

impl Runner {
    /// Runs a tool, again if that may help.
    ///
    /// # Errors
    /// The tool's own, or that it did not end.
    pub fn run(
        &self,
        registered: &Arc<Registered>,
        arguments: Value,
        context: &ToolContext,
    ) -> Result<(ToolOutput, u32), ToolError> {
        let spec = registered.spec();
        let own = spec
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let deadline = [own, context.deadline].into_iter().flatten().min();
        let mut context = context.clone();
        context.deadline = deadline;
        let most = if spec.may_retry() { spec.retries } else { 0 };
        let mut attempts = 0;
        loop {
            context
                .check()
                .map_err(|error| with_bound(error, spec.timeout))?;
            attempts += 1;
            let arguments = arguments.clone();
            let result = match deadline {
                None => on_this_thread(registered, arguments, &context),
                Some(_) => self.on_own_thread(registered, arguments, &context),
            };
            match result {
                Ok(output) => return Ok((output, attempts)),
                Err(ToolError::Failed {
                    is_transient: true, ..
                }) if attempts <= most => {
                    pause(FIRST_PAUSE * 2_u32.saturating_pow(attempts - 1), &context);
                }
                Err(error) => return Err(with_bound(error, spec.timeout)),
            }
        }
    }

    /// Runs a tool where it can be left behind: one that does not stop costs a thread, and not
    /// the caller's time.
    fn on_own_thread(
        &self,
        registered: &Arc<Registered>,
        arguments: Value,
        context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        if self.running.fetch_add(1, Ordering::AcqRel) >= MAX_RUNNING {
            self.running.fetch_sub(1, Ordering::AcqRel);
            let message = format!("{MAX_RUNNING} tools run already: try again when some are done");
            return Err(ToolError::transient(message));
        }
        let running = Running(self.running.clone());
        let cancel = context.cancel.child();
        let mut theirs = context.clone();
        theirs.cancel = cancel.clone();
        let (sender, receiver) = sync_channel(1);
        let lent = registered.clone();
        let work = move || {
            let result = on_this_thread(&lent, arguments, &theirs);
            drop(running);
            // If nobody waits any more, the tool overran: who knows what else it left behind.
            sender.send(result).is_ok()
        };
        self.threads
            .run(Box::new(work))
            .map_err(|error| ToolError::transient(format!("there is no thread for it: {error}")))?;
        let given_up = GivenUp(cancel);
        let mut cancelled_at = None;
        loop {
            let left = context.remaining().unwrap_or(LOOK_EVERY);
            match receiver.recv_timeout(left.min(LOOK_EVERY)) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(ToolError::failed("the tool broke down"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if given_up.0.is_cancelled() {
                let since = *cancelled_at.get_or_insert_with(Instant::now);
                if since.elapsed() >= GRACE {
                    return Err(ToolError::Cancelled);
                }
            }
            if context.remaining() == Some(Duration::ZERO) {
                return Err(ToolError::TimedOut { after: None });
            }
        }
    }
}

/// Counts a tool on a thread of its own.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Tells a tool that nobody waits any more, when nobody does.
struct GivenUp(CancelToken);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn on_this_thread(
    registered: &Registered,
    arguments: Value,
    context: &ToolContext,
) -> Result<ToolOutput, ToolError> {
    panics::contain(|| registered.tool.run(arguments, context))
        .unwrap_or_else(|panic| Err(ToolError::failed(format!("the tool broke down: {panic}"))))
}

fn with_bound(error: ToolError, timeout: Option<Duration>) -> ToolError {
    match error {
        ToolError::TimedOut { after: None } => ToolError::TimedOut { after: timeout },
        other => other,
    }
}

/// Waits, but not for somebody who does not.
fn pause(time: Duration, context: &ToolContext) {
    let until = Instant::now() + time;
    while Instant::now() < until && context.check().is_ok() {
        thread::sleep(LOOK_EVERY.min(until.saturating_duration_since(Instant::now())));
    }
}
