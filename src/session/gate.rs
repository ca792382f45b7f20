//! What stands before a cell runs: it is looked at, and the user may be asked.

use super::update::finished;
use super::{Effect, KernelState, Queued, Session, Step, Work};
use crate::protocol::{
    Answer, CellId, Event, Finding, Language, Question, Status, Timestamp, Verdict,
};

impl Session {
    /// Has the cell at the head of the queue looked at if the kernel is free.
    pub(super) fn examine_next(&mut self, language: Language, step: &mut Step) {
        let kernel = self.kernel(language);
        if kernel.work != Work::Nothing {
            return;
        }
        let Some(next) = kernel.queue.pop_front() else {
            return;
        };
        let Queued {
            cell,
            source,
            origin,
        } = next.clone();
        kernel.work = Work::Examining(next);
        step.effects.push(Effect::Examine {
            cell,
            language,
            source,
            origin,
        });
    }

    /// Does what the verdict says. A cell that has been dropped meanwhile is nobody's.
    pub(super) fn judge(
        &mut self,
        cell: CellId,
        findings: Vec<Finding>,
        verdict: Verdict,
        at: Timestamp,
        step: &mut Step,
    ) {
        let examined = self.kernels.iter_mut().find_map(|kernel| {
            let is_meant = matches!(&kernel.work, Work::Examining(queued) if queued.cell == cell);
            is_meant.then(|| (kernel.language, kernel.take_next()))
        });
        let Some((language, Some((queued, _)))) = examined else {
            return;
        };
        if !findings.is_empty() {
            step.events.push(Event::CellExamined { cell, findings });
        }
        match verdict {
            Verdict::Run => self.execute(language, queued, at, step),
            Verdict::Ask(question) => {
                step.events.push(Event::ConfirmationRequested {
                    cell,
                    question: question.clone(),
                });
                self.kernel(language).work = Work::Confirming(queued, question);
            }
            Verdict::Deny { message } => self.refuse(language, cell, message, at, step),
        }
    }

    /// Takes the answer to a question. Only the cell that asks is meant, and only once.
    pub(super) fn confirm(&mut self, cell: CellId, answer: Answer, at: Timestamp, step: &mut Step) {
        let asked = self.kernels.iter_mut().find_map(|kernel| {
            let is_meant =
                matches!(&kernel.work, Work::Confirming(queued, _) if queued.cell == cell);
            is_meant.then(|| (kernel.language, kernel.take_next()))
        });
        let Some((language, Some((queued, Some(question))))) = asked else {
            return;
        };
        step.events.push(Event::ConfirmationAnswered { cell });
        match answer {
            Answer::No => {
                let message = format!("you said no; asked by the rule {:?}", question.rule);
                self.refuse(language, cell, message, at, step);
                return;
            }
            // What has nothing wider is allowed this once, whatever was said.
            Answer::Session | Answer::Always if question.wider.is_some() => {
                step.effects
                    .push(Effect::RememberAnswer { question, answer });
            }
            Answer::Once | Answer::Session | Answer::Always => {}
        }
        self.execute(language, queued, at, step);
    }

    fn refuse(
        &mut self,
        language: Language,
        cell: CellId,
        message: String,
        at: Timestamp,
        step: &mut Step,
    ) {
        step.events
            .push(finished(cell, Status::Refused { message }, at));
        self.examine_next(language, step);
    }
}

impl KernelState {
    /// Takes the cell that was to run next, if it has not begun, and what it asks.
    fn take_next(&mut self) -> Option<(Queued, Option<Question>)> {
        match std::mem::replace(&mut self.work, Work::Nothing) {
            Work::Examining(queued) => Some((queued, None)),
            Work::Confirming(queued, question) => Some((queued, Some(question))),
            other => {
                self.work = other;
                None
            }
        }
    }

    /// Drops the cell that was to run next, if it has not begun.
    pub(super) fn drop_next(&mut self, at: Timestamp, step: &mut Step) {
        let Some((Queued { cell, .. }, question)) = self.take_next() else {
            return;
        };
        if question.is_some() {
            step.events.push(Event::ConfirmationAnswered { cell });
        }
        step.events.push(finished(cell, Status::Dropped, at));
    }
}
