//! What can be said about code before it runs, and what is done about it.
//!
//! ```text
//! Judge ── policy     policy.toml: what is done about findings and commands
//!   │       pattern   whether a command is what a rule means
//!   │       builtin   the rules that hold without a file
//!   └───── examine ── python · javascript · shell    findings, each of a row of rules
//!                     text                           secrets, invisible characters
//! ```
//!
//! **The validator informs, the jail protects.** Code that wants to hide can hide from any reader
//! of its text, so nothing here is a wall: a finding tells the user what a program seems to be
//! about, and a question gives them the time to look. What code can reach is the jail's to bound,
//! whatever was found or not found here.
//!
//! Invariants: no text makes this panic, overflow or run for long (sources are bounded in size and
//! nesting before a parser sees them, and parsers run on a stack of their own, with their panics
//! contained); what can't be parsed is a finding and never waved through; a finding about a secret
//! does not repeat it; nothing here runs anything.
//!
//! Absent on purpose: models of what code does. A false alarm on an ordinary program costs more
//! than one more pattern is worth.

mod builtin;
#[cfg(test)]
mod fuzz_tests;
mod javascript;
#[cfg(test)]
mod javascript_tests;
mod judge;
#[cfg(test)]
mod ordinary_tests;
mod pattern;
mod policy;
#[cfg(test)]
mod policy_tests;
mod python;
#[cfg(test)]
mod python_tests;
mod rules;
mod shell;
#[cfg(test)]
mod shell_tests;
mod text;

use crate::panics;
use crate::protocol::{Finding, Language};

pub(crate) use judge::{Examination, Judge, PolicyError, TestOutcome};
pub(crate) use rules::{markdown as rules_markdown, word as severity_word};

/// Longer sources are not examined.
const MAX_BYTES: usize = 1 << 20;
/// Most findings that are told of one source.
const MAX_FINDINGS: usize = 200;
/// For parsers: they recurse, and the caller's stack may be a small one.
const STACK_BYTES: usize = 128 << 20;

/// What is seen in a source, by place.
pub(crate) fn findings(language: Language, source: &str) -> Vec<Finding> {
    on_own_stack(|| match language {
        Language::Python => python::examine(source),
        Language::JavaScript => javascript::examine(source),
        Language::Shell => shell::read(source).findings,
    })
    .map_or_else(|problem| vec![unread(&problem)], tidied)
}

/// That a source could not be examined.
fn unread(problem: &str) -> Finding {
    rules::UNREAD.finding((1, 1), problem)
}

/// In the order of the text, each once, and not without end.
fn tidied(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (a.line, a.column, &a.rule).cmp(&(b.line, b.column, &b.rule)));
    findings.dedup_by(|a, b| (a.line, &a.rule, &a.message) == (b.line, &b.rule, &b.message));
    if findings.len() > MAX_FINDINGS {
        // The worst are kept, in their order.
        let mut by_severity: Vec<_> = findings.iter().map(|f| f.severity).collect();
        by_severity.sort_unstable();
        let least = by_severity[findings.len() - MAX_FINDINGS];
        findings.retain(|finding| finding.severity >= least);
        findings.truncate(MAX_FINDINGS);
    }
    findings
}

/// Runs something that recurses on a stack that is large enough for it; a panic of other
/// people's code is an error.
fn on_own_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("examine".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || panics::contain(work))
            .map_err(|error| format!("no thread to examine it on ({error})"))?
            .join()
            .unwrap_or_else(|_| Err("the examination broke down".to_owned()))
            .map_err(|message| format!("a parser gave up ({message})"))
    })
}

/// From bytes to line and column, both from 1, columns in characters.
struct Lines<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(source: &'a str) -> Self {
        let breaks = source.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    fn place(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.source.get(start..offset).unwrap_or_default();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (number(line), number(before.chars().count() + 1))
    }
}
