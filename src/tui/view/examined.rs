//! What was found in a cell before it ran, and the question that it waits with.

use super::layout::{Rows, mark};
use super::rows::Fold;
use crate::protocol::{Finding, Question, Severity};
use crate::sanitize::sanitize;
use crate::tui::theme::Role;

/// Findings shown of many.
const FINDINGS: usize = 3;

impl Rows {
    /// What was found before the cell ran: the worst first if not all of it is shown.
    pub(super) fn findings(&mut self, findings: &[Finding]) {
        let most = match self.fold {
            Fold::Auto if findings.len() > FINDINGS + 1 => FINDINGS,
            Fold::Auto | Fold::Open => usize::MAX,
            Fold::Closed => 0,
        };
        let mut shown: Vec<&Finding> = findings.iter().collect();
        if shown.len() > most {
            shown.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            shown.truncate(most);
            shown.sort_by_key(|finding| (finding.line, finding.column));
        }
        for finding in &shown {
            let text = format!(
                "line {}: {} ({})",
                finding.line, finding.message, finding.rule
            );
            let role = match finding.severity {
                Severity::Low => Role::Dim,
                Severity::Medium => Role::Warning,
                Severity::High => Role::Error,
            };
            self.words(Role::Dim, mark("▴", role), &one_line(&text));
        }
        let hidden = findings.len() - shown.len();
        if hidden > 0 {
            self.laid.is_folded = true;
            let more = if shown.is_empty() { "" } else { "more " };
            let s = if hidden == 1 { "" } else { "s" };
            self.hidden(format!("{hidden} {more}finding{s}"));
        }
    }

    /// The question that a cell waits with, and what each answer lets pass.
    pub(super) fn held(&mut self, question: &Question) {
        self.message(Role::Warning, "?", &question.text);
        self.note(
            Role::Dim,
            &format!("asked by the rule: {}", one_line(&question.rule)),
        );
        let mut answers = vec![("y", "run it this once".to_owned())];
        if let Some(wider) = &question.wider {
            let wider = one_line(wider);
            answers.push(("s", format!("until this session ends, let pass: {wider}")));
            answers.push(("a", format!("always let pass: {wider}")));
        }
        answers.push(("n", "don't run it".to_owned()));
        for (key, what) in answers {
            self.words(Role::Text, mark(key, Role::Accent), &what);
        }
    }
}

/// Untrusted text on one line.
fn one_line(text: &str) -> String {
    sanitize(text).trim().replace('\n', "␊")
}
