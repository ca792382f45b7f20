//! Functions of cells that are tools, called from outside of their kernel: each call is a job of the
//! kernel's thread, and waits for the cell that runs.

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::kernels::KernelJob;
use crate::builtin::FunctionOutput;
use crate::kernel::Controller;
use crate::tool::{ToolContext, ToolError};

/// A call waits so long for a kernel that runs a cell.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who waits looks so often whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(10);

const WAITS: u8 = 0;
const RUNS: u8 = 1;
const GIVEN_UP: u8 = 2;

/// A call of a function, as the kernel's thread gets it.
pub(super) struct FunctionCall {
    /// The tool.
    pub name: String,
    /// Its arguments: a JSON object.
    pub arguments: String,
    /// Of the call.
    pub context: ToolContext,
    state: Arc<AtomicU8>,
    reply: SyncSender<Result<FunctionOutput, ToolError>>,
}

impl FunctionCall {
    /// Whether somebody waits for it still. From then on it runs.
    pub fn begin(&self) -> bool {
        let begun = self
            .state
            .compare_exchange(WAITS, RUNS, Ordering::AcqRel, Ordering::Acquire);
        begun.is_ok()
    }

    /// Hands over what came of it.
    pub fn end(self, outcome: Result<FunctionOutput, ToolError>) {
        // Nobody may wait any more.
        let _ = self.reply.send(outcome);
    }
}

/// Calls a function of a kernel, and waits until it is over.
///
/// # Errors
/// If the kernel is taken up with a cell for too long, or nobody waits any more.
pub(super) fn call(
    jobs: &Weak<Sender<KernelJob>>,
    controller: &Controller,
    name: &str,
    arguments: String,
    context: &ToolContext,
) -> Result<FunctionOutput, ToolError> {
    let gone = || ToolError::failed("the kernel of this function is gone");
    let jobs = jobs.upgrade().ok_or_else(gone)?;
    let (reply, answer) = sync_channel(1);
    let state = Arc::new(AtomicU8::new(WAITS));
    let call = FunctionCall {
        name: name.to_owned(),
        arguments,
        context: context.clone(),
        state: Arc::clone(&state),
        reply,
    };
    jobs.send(KernelJob::Call(call)).map_err(|_| gone())?;
    drop(jobs);
    let give_up = || {
        let given = state.compare_exchange(WAITS, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire);
        given.is_ok()
    };
    let began = Instant::now();
    let mut is_told = false;
    loop {
        match answer.recv_timeout(LOOK_EVERY) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Err(error) = context.check() {
            if give_up() {
                return Err(error);
            }
            // It runs, and ends as a cell does that is interrupted; a second time it is killed.
            if !is_told {
                is_told = true;
                controller.interrupt();
            }
        } else if began.elapsed() > PATIENCE && give_up() {
            return Err(ToolError::transient(format!(
                "the kernel of {name} runs a cell: try again when that is done"
            )));
        }
    }
}
