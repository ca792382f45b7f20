//! Rows of a call of a tool.

use super::content::{self, Line, Part};
use super::images::Side;
use super::layout::{Rows, caption, mark, run};
use super::rows::{Content, Fold, Frame, Mark};
use super::text;
use crate::protocol::{
    Artifact, CallFailure, CallOrigin, CallOutcome, CallProgress, CallStatus, Timestamp,
    ToolContent,
};
use crate::sanitize::sanitize;
use crate::session::{CallBody, CallPhase};
use crate::tui::theme::Role;

/// Longer failures are folded, in lines.
const FAILURE: usize = 30;
/// So many of the lines that a running call printed last are shown.
const PRINTED: usize = 6;
/// Columns of a progress bar, where there is room.
const BAR: usize = 24;

impl Rows {
    pub(super) fn call(
        &mut self,
        call: &CallBody,
        source: &[Line],
        submitted_at: Timestamp,
        frame: Frame<'_>,
    ) {
        self.headed("call", source);
        if call.origin != CallOrigin::User {
            self.note(Role::Dim, &format!("called by {}", call.origin));
        }
        match &call.phase {
            CallPhase::Queued => self.note(Role::Dim, "queued"),
            CallPhase::Asking => self.message(Role::Warning, "?", "waits for your answer"),
            CallPhase::Running(progress) => self.call_progress(progress, submitted_at),
            CallPhase::Done(outcome) => self.called(outcome, frame),
        }
    }

    fn called(&mut self, outcome: &CallOutcome, frame: Frame<'_>) {
        let lines = content::called_lines(outcome);
        let ends = self.ends(30, 14, 6, (0, 0));
        let has_failed = outcome.status == CallStatus::ToolFailed;
        let mut first = true;
        if !lines.is_empty() {
            self.part(Part::Result, &lines, &ends, |_| {
                match (has_failed, std::mem::take(&mut first)) {
                    (true, true) => mark("✗", Role::Error),
                    _ => Mark::default(),
                }
            });
        }
        self.called_pictures(outcome, frame);
        if outcome.whole.is_some() {
            self.hidden("more was given than is kept here".to_owned());
        }
        if let CallStatus::Failed { message, .. } = &outcome.status {
            self.call_failure(message);
        }
        for warning in &outcome.warnings {
            self.message(Role::Warning, "!", warning);
        }
        self.note(Role::Dim, &cost(outcome));
    }

    /// What happened, and all that is wrong with the arguments.
    fn call_failure(&mut self, message: &str) {
        let lines: Vec<&str> = message.trim_end().lines().collect();
        let most = match self.fold {
            Fold::Auto if lines.len() > FAILURE => FAILURE - 10,
            Fold::Auto | Fold::Open => lines.len(),
            Fold::Closed => 1,
        };
        let shown = lines.get(..most).unwrap_or(&lines).join("\n");
        self.message(Role::Error, "✗", &shown);
        let hidden = lines.len().saturating_sub(most);
        if hidden > 0 {
            self.laid.is_folded = true;
            self.hidden_lines(hidden as u64, true);
        }
    }

    fn called_pictures(&mut self, outcome: &CallOutcome, frame: Frame<'_>) {
        let pictures: Vec<&Artifact> = outcome
            .content
            .iter()
            .filter_map(|content| match content {
                ToolContent::Image { artifact } => Some(artifact),
                _ => None,
            })
            .collect();
        if pictures.is_empty() {
            return;
        }
        if self.fold == Fold::Closed {
            self.laid.is_folded = true;
        } else {
            let side = match pictures.len() {
                1 => Side::Whole,
                2..=6 => Side::Half,
                _ => Side::Thumbnail,
            };
            self.pictures(&pictures, side, frame);
        }
        for artifact in pictures {
            self.caption(&run(Role::ImageFrame, &caption(artifact)));
        }
    }

    fn call_progress(&mut self, progress: &CallProgress, since: Timestamp) {
        let CallProgress {
            done,
            total,
            message,
            printed,
        } = progress;
        for line in last_lines(printed) {
            self.note(Role::Text, text::fit(&line, self.width).as_ref());
        }
        let message = message.as_deref().unwrap_or_default();
        let message = sanitize(message).replace('\n', " ");
        match total.filter(|total| *total > 0.0) {
            Some(total) => {
                let words = format!("{done}/{total} {message}");
                let room = self.width.saturating_sub(text::width(&words) + 3);
                // In thousandths: a tool's unit may be anything.
                let share = (done / total * 1000.0).clamp(0.0, 1000.0) as u64;
                let mut line = run(Role::Accent, &text::bar(share, 1000, room.min(BAR)));
                line.append(&mut run(Role::Dim, &format!(" {words}")));
                self.caption(&line);
            }
            None => self.note(Role::Dim, &message),
        }
        self.push(Mark::default(), Content::Elapsed { since });
    }
}

fn last_lines(printed: &str) -> Vec<String> {
    let printed = sanitize(printed);
    let lines: Vec<&str> = printed.trim_end().lines().collect();
    let first = lines.len().saturating_sub(PRINTED);
    lines[first..].iter().map(ToString::to_string).collect()
}

/// `12 ms · by line 3: allow write_file · cached (memory) · 2 attempts`
pub(crate) fn cost(outcome: &CallOutcome) -> String {
    let CallOutcome {
        status,
        rule,
        cached,
        attempts,
        took,
        ..
    } = outcome;
    if *status == CallStatus::Dropped {
        return "not called".to_owned();
    }
    let mut words = Vec::new();
    if !took.is_zero() {
        words.push(text::duration(*took));
    }
    // Who is refused is told the rule with the refusal.
    let is_refused = matches!(
        status,
        CallStatus::Failed {
            failure: CallFailure::Denied,
            ..
        }
    );
    if let Some(rule) = rule.as_ref().filter(|_| !is_refused) {
        words.push(format!("by {}", sanitize(rule).replace('\n', " ")));
    }
    if let Some(tier) = cached {
        words.push(format!("cached ({})", tier.word()));
    }
    if *attempts > 1 {
        words.push(format!("{attempts} attempts"));
    }
    words.join(" · ")
}
