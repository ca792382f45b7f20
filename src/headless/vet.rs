//! Before a program runs: what is seen in it, and whether it may run.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use serde_json::json;

use crate::error::Report;
use crate::protocol::{Answer, Finding, Language, Origin, Question, Severity, Verdict};
use crate::safety::{Examination, Judge, severity_word};
use crate::sanitize::sanitize_for_terminal;

/// Exit code of a check: there are findings of medium or high severity.
const FOUND: u8 = 1;

/// Whose code it is, and who answers for it.
pub(crate) struct Vetting<'a> {
    /// `policy.toml`.
    pub policy_file: &'a Path,
    /// Who wrote the code.
    pub origin: Origin,
    /// `--yes`: what the policy asks about runs.
    pub assumes_yes: bool,
}

/// How a program that may not run is told of.
pub(super) struct Refusal {
    /// What was seen.
    pub findings: Vec<Finding>,
    /// Why it does not run.
    pub message: String,
}

/// Looks at a program, warns, and asks if the policy says so. `may_ask`: standard input is not
/// the program. Gives the findings that are to be told.
///
/// # Errors
/// If the policy can't be read.
pub(super) fn vet(
    vetting: &Vetting<'_>,
    language: Language,
    source: &str,
    may_ask: bool,
) -> Result<Result<Vec<Finding>, Refusal>, Report> {
    let mut judge = Judge::load(vetting.policy_file)?;
    let Examination { findings, verdict } = judge.examine(language, source, vetting.origin);
    let told: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| judge.tells(finding, vetting.origin))
        .collect();
    let refusal = |findings: Vec<Finding>, message: String| Ok(Err(Refusal { findings, message }));
    match verdict {
        Verdict::Run => Ok(Ok(told)),
        Verdict::Ask(_) if vetting.assumes_yes => Ok(Ok(told)),
        Verdict::Deny { message } => refusal(told, message),
        Verdict::Ask(question) => {
            if !may_ask || !io::stdin().is_terminal() {
                let message = format!(
                    "{} There is no terminal to answer on; allow it with --yes, or by a rule in {} ({})",
                    question.text.trim_end_matches("Run it?"),
                    vetting.policy_file.display(),
                    question.rule,
                );
                return refusal(told, message);
            }
            let answer = ask(&question);
            if answer == Answer::No {
                return refusal(told, "the answer was no".to_owned());
            }
            judge.remember(&question, answer)?;
            Ok(Ok(told))
        }
    }
}

/// Asks on standard error, reads a line from the terminal. Anything unclear is a no.
fn ask(question: &Question) -> Answer {
    let mut err = io::stderr().lock();
    let text = sanitize_for_terminal(&question.text);
    let always = question.wider.as_ref().map_or_else(String::new, |wider| {
        format!("/a: always, for {}", sanitize_for_terminal(wider))
    });
    let _ = write!(err, "companion: {text} [y/N{always}] ");
    let _ = err.flush();
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).is_err() {
        return Answer::No;
    }
    match line.trim() {
        "y" | "yes" => Answer::Once,
        "a" | "always" if question.wider.is_some() => Answer::Always,
        _ => Answer::No,
    }
}

/// Tells findings on standard error.
pub(super) fn warn(name: &str, findings: &[Finding]) {
    let mut err = io::stderr().lock();
    for finding in findings {
        let line = sanitize_for_terminal(&as_line(name, finding)).into_owned();
        let _ = writeln!(err, "companion: warning: {line}");
    }
}

/// Tells what is seen in a program, and what would be done with it. Runs nothing.
///
/// # Errors
/// If the policy can't be read.
pub(super) fn check(
    vetting: &Vetting<'_>,
    language: Language,
    source: &str,
    name: &str,
    as_json: bool,
) -> Result<u8, Report> {
    let judge = Judge::load(vetting.policy_file)?;
    let Examination { findings, verdict } = judge.examine(language, source, vetting.origin);
    let mut out = io::stdout().lock();
    // A reader that is gone does not want to hear of it.
    if as_json {
        let _ = writeln!(
            out,
            "{}",
            json!({ "findings": findings, "verdict": verdict })
        );
    } else {
        for finding in &findings {
            let line = as_line(name, finding);
            let _ = writeln!(out, "{}", sanitize_for_terminal(&line));
        }
        let verdict = match &verdict {
            Verdict::Run => "it would run".to_owned(),
            Verdict::Ask(question) => {
                format!(
                    "it would be asked about ({}): {}",
                    question.rule, question.text
                )
            }
            Verdict::Deny { message } => format!("it would not run: {message}"),
        };
        let _ = writeln!(out, "{}", sanitize_for_terminal(&verdict));
    }
    let is_grave = findings
        .iter()
        .any(|finding| finding.severity >= Severity::Medium);
    Ok(if is_grave { FOUND } else { 0 })
}

fn as_line(name: &str, finding: &Finding) -> String {
    let Finding {
        rule,
        severity,
        line,
        column,
        message,
    } = finding;
    let severity = severity_word(*severity);
    format!("{name}:{line}:{column}: {severity} {rule}: {message}")
}
