//! Calls of tools, beside the kernels, and the questions that calls wait with: those of the user,
//! and those that code in a running cell makes.
//!
//! A question is state: who has to answer is shown it, and nothing of the session waits.

use std::collections::VecDeque;

use super::{Effect, Session, Step};
use crate::protocol::{
    Approval, ApprovalId, CallOrigin, CallOutcome, CallProgress, CallStatus, CellId, Decision,
    Event, Resolution, Timestamp, ToolCall,
};

/// Calls that run at a time; others wait for them.
const AT_A_TIME: usize = 16;

/// What is called, what waits, and what is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Calls {
    running: Vec<CellId>,
    queue: VecDeque<Waiting>,
    /// Oldest first.
    approvals: Vec<Approval>,
}

#[derive(Clone, Debug, PartialEq)]
struct Waiting {
    cell: CellId,
    call: ToolCall,
    origin: CallOrigin,
}

impl Session {
    /// The questions that wait for an answer, oldest first.
    #[must_use]
    pub fn approvals(&self) -> &[Approval] {
        &self.calls.approvals
    }

    /// Takes a call; it begins at once unless very many run.
    pub(super) fn call(
        &mut self,
        call: ToolCall,
        origin: CallOrigin,
        at: Timestamp,
        step: &mut Step,
    ) {
        let cell = self.next_cell();
        step.events.push(Event::CallSubmitted {
            cell,
            call: call.clone(),
            origin,
            at,
        });
        self.calls.queue.push_back(Waiting { cell, call, origin });
        self.call_next(step);
    }

    fn call_next(&mut self, step: &mut Step) {
        while self.calls.running.len() < AT_A_TIME
            && let Some(Waiting { cell, call, origin }) = self.calls.queue.pop_front()
        {
            self.calls.running.push(cell);
            let progress = CallProgress::default();
            step.events.push(Event::CallProgressed { cell, progress });
            step.effects.push(Effect::Call { cell, call, origin });
        }
    }

    /// A call has come further. One that was given up still talks for a moment.
    pub(super) fn call_progressed(&self, cell: CellId, progress: CallProgress, step: &mut Step) {
        if self.calls.running.contains(&cell) {
            step.events.push(Event::CallProgressed { cell, progress });
        }
    }

    /// A call ended.
    pub(super) fn called(
        &mut self,
        cell: CellId,
        outcome: Box<CallOutcome>,
        at: Timestamp,
        step: &mut Step,
    ) {
        let before = self.calls.running.len();
        self.calls.running.retain(|running| *running != cell);
        if self.calls.running.len() == before {
            return;
        }
        self.withdraw_questions(cell, step);
        step.events.push(Event::CallFinished { cell, outcome, at });
        self.call_next(step);
    }

    /// A call waits for an answer. What is over asks nothing.
    pub(super) fn ask_approval(&mut self, approval: Approval, step: &mut Step) {
        let cell = approval.cell;
        let is_at_work =
            self.calls.running.contains(&cell) || self.is_imagining(cell) || self.is_running(cell);
        if !is_at_work {
            let approval = approval.approval;
            step.effects.push(Effect::Withdraw { approval });
            return;
        }
        step.events.push(Event::ApprovalRequested {
            approval: approval.clone(),
        });
        self.calls.approvals.push(approval);
    }

    /// The answer to a question, or nobody waits for one: each question is answered once.
    pub(super) fn decide(&mut self, approval: ApprovalId, decision: Decision, step: &mut Step) {
        if self.resolve(approval, Resolution::Answered(decision), step) {
            step.effects.push(Effect::Decide { approval, decision });
        }
    }

    /// Who asked does not wait any more.
    pub(super) fn question_withdrawn(&mut self, approval: ApprovalId, step: &mut Step) {
        self.resolve(approval, Resolution::Withdrawn, step);
    }

    fn resolve(&mut self, approval: ApprovalId, resolution: Resolution, step: &mut Step) -> bool {
        let approvals = &mut self.calls.approvals;
        let Some(at) = approvals
            .iter()
            .position(|asked| asked.approval == approval)
        else {
            return false;
        };
        let Approval { cell, .. } = approvals.remove(at);
        step.events.push(Event::ApprovalResolved {
            approval,
            cell,
            resolution,
        });
        true
    }

    /// A cell ends, or is to end: what it asks is not asked any more.
    pub(super) fn withdraw_questions(&mut self, cell: CellId, step: &mut Step) {
        let of_cell = |asked: &&Approval| asked.cell == cell;
        let asked: Vec<ApprovalId> = self
            .calls
            .approvals
            .iter()
            .filter(of_cell)
            .map(|asked| asked.approval)
            .collect();
        for approval in asked {
            self.resolve(approval, Resolution::Withdrawn, step);
            step.effects.push(Effect::Withdraw { approval });
        }
    }

    /// Stops one call, or all of them.
    pub(super) fn stop_calls(&mut self, cell: Option<CellId>, at: Timestamp, step: &mut Step) {
        let is_meant = |asked: CellId| cell.is_none_or(|cell| cell == asked);
        self.calls.queue.retain(|waiting| {
            let is_meant = is_meant(waiting.cell);
            if is_meant {
                let outcome = Box::new(CallOutcome::of(CallStatus::Dropped));
                let cell = waiting.cell;
                step.events.push(Event::CallFinished { cell, outcome, at });
            }
            !is_meant
        });
        let meant = self.calls.running.iter().copied();
        for cell in meant.filter(|cell| is_meant(*cell)).collect::<Vec<_>>() {
            self.withdraw_questions(cell, step);
            step.effects.push(Effect::CancelCall { cell });
        }
    }

    /// The end of the session is the end of what is called and of what is asked.
    pub(super) fn give_up_calls(&mut self, at: Timestamp, step: &mut Step) {
        self.stop_calls(None, at, step);
        for cell in std::mem::take(&mut self.calls.running) {
            let outcome = Box::new(CallOutcome::cancelled());
            step.events.push(Event::CallFinished { cell, outcome, at });
        }
        for Approval { approval, .. } in self.calls.approvals.clone() {
            self.resolve(approval, Resolution::Withdrawn, step);
            step.effects.push(Effect::Withdraw { approval });
        }
    }
}
