//! `policy.toml`: what is done about findings and commands.
//!
//! ```toml
//! [severity.model]          # findings in code from a model; also severity.user, severity.web
//! low = "allow"
//! medium = "ask"            # allow, warn, ask, deny
//! high = "deny"
//!
//! [default]                 # a command that no rule names
//! model = "ask"             # allow, ask, deny
//!
//! [[finding]]               # one rule of the validator, whatever its severity
//! id = "py-network"
//! rule = "allow"
//!
//! [[shell]]
//! rule = "deny"             # allow, always, ask, deny
//! command = "git push --force*"
//! reason = "it loses commits of others"
//! from = ["model"]          # whose code; without it everybody's
//! tests = { deny = ["git push --force origin main"], allow = ["git push"] }
//! ```
//!
//! Of the rules that are about a command the strictest holds: deny, then `always`, ask, allow.
//! `always` is an ask that was answered for good.

use std::ops::Range;

use serde::Deserialize;

use super::pattern::Pattern;
use super::rules::RULES;
use crate::protocol::{Origin, Say, Severity};

/// A policy that is larger is not read.
pub(super) const MAX_BYTES: u64 = 1 << 20;
/// Most rules in a file.
const MAX_RULES: usize = 5000;

/// What is done about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Measure {
    /// Nothing.
    Allow,
    /// It is told.
    Warn,
    /// The user is asked.
    Ask,
    /// The code does not run.
    Deny,
}

/// What is done about findings of each severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measures {
    pub low: Measure,
    pub medium: Measure,
    pub high: Measure,
}

impl Measures {
    fn of(self, severity: Severity) -> Measure {
        match severity {
            Severity::Low => self.low,
            Severity::Medium => self.medium,
            Severity::High => self.high,
        }
    }
}

/// A rule about commands.
#[derive(Clone, Debug)]
pub(super) struct ShellRule {
    pub say: Say,
    pub command: String,
    pub pattern: Pattern,
    pub reason: Option<String>,
    /// Whose code; empty is everybody's.
    pub from: Vec<Origin>,
    pub tests: Tests,
}

/// Commands, and what the whole policy says of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tests {
    pub allow: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
}

/// A rule about a rule of the validator.
#[derive(Clone, Debug)]
pub(super) struct FindingRule {
    pub id: String,
    pub measure: Measure,
    pub from: Vec<Origin>,
}

/// All that a file says, with the defaults for what it does not say.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    severity: [Measures; 3],
    default: [Say; 3],
    pub findings: Vec<FindingRule>,
    pub shell: Vec<ShellRule>,
}

/// What is wrong with a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub line: usize,
    pub message: String,
}

impl Default for Policy {
    fn default() -> Self {
        let told = Measures {
            low: Measure::Allow,
            medium: Measure::Warn,
            high: Measure::Warn,
        };
        let asked = Measures {
            low: Measure::Allow,
            medium: Measure::Ask,
            high: Measure::Ask,
        };
        Self {
            severity: [told, asked, asked],
            default: [Say::Allow, Say::Ask, Say::Ask],
            findings: Vec::new(),
            shell: Vec::new(),
        }
    }
}

/// As they stand in the arrays of a policy.
pub(super) const ORIGINS: [(Origin, &str); 3] = [
    (Origin::User, "user"),
    (Origin::Model, "model"),
    (Origin::Web, "web"),
];

fn index(origin: Origin) -> usize {
    match origin {
        Origin::User => 0,
        Origin::Model => 1,
        Origin::Web => 2,
    }
}

/// The name of an origin in the file.
pub(super) fn origin_word(origin: Origin) -> &'static str {
    ORIGINS[index(origin)].1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    severity: ByOrigin<SeverityText>,
    #[serde(default)]
    default: ByOrigin<toml::Spanned<Say>>,
    #[serde(default)]
    finding: Vec<FindingText>,
    #[serde(default)]
    shell: Vec<ShellText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByOrigin<T> {
    user: Option<T>,
    model: Option<T>,
    web: Option<T>,
}

impl<T> Default for ByOrigin<T> {
    fn default() -> Self {
        Self {
            user: None,
            model: None,
            web: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeverityText {
    low: Option<Measure>,
    medium: Option<Measure>,
    high: Option<Measure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingText {
    id: toml::Spanned<String>,
    rule: Measure,
    #[serde(default)]
    from: Vec<Origin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShellText {
    rule: Say,
    command: toml::Spanned<String>,
    reason: Option<String>,
    #[serde(default)]
    from: Vec<Origin>,
    #[serde(default)]
    tests: Tests,
}

impl Policy {
    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let problem = |span: Option<Range<usize>>, message: String| {
            let before = text
                .get(..span.map_or(0, |span| span.start))
                .unwrap_or_default();
            Problem {
                line: before.matches('\n').count() + 1,
                message,
            }
        };
        let file: FileText = toml::from_str(text)
            .map_err(|error| problem(error.span(), error.message().trim().to_owned()))?;
        let mut policy = Self::default();
        let severities = [file.severity.user, file.severity.model, file.severity.web];
        for (measures, text) in policy.severity.iter_mut().zip(severities) {
            let Some(text) = text else { continue };
            measures.low = text.low.unwrap_or(measures.low);
            measures.medium = text.medium.unwrap_or(measures.medium);
            measures.high = text.high.unwrap_or(measures.high);
        }
        let defaults = [file.default.user, file.default.model, file.default.web];
        for (say, text) in policy.default.iter_mut().zip(defaults) {
            let Some(text) = text else { continue };
            if *text.get_ref() == Say::Always {
                let message = "a default is allow, ask or deny".to_owned();
                return Err(problem(Some(text.span()), message));
            }
            *say = text.into_inner();
        }
        if file.shell.len() + file.finding.len() > MAX_RULES {
            return Err(problem(
                None,
                format!("there are more than {MAX_RULES} rules"),
            ));
        }
        for rule in file.finding {
            if !RULES.iter().any(|known| known.id == rule.id.get_ref()) {
                let message = format!("the validator has no rule {:?}", rule.id.get_ref());
                return Err(problem(Some(rule.id.span()), message));
            }
            policy.findings.push(FindingRule {
                id: rule.id.into_inner(),
                measure: rule.rule,
                from: rule.from,
            });
        }
        for rule in file.shell {
            let span = rule.command.span();
            let command = rule.command.into_inner();
            let pattern = Pattern::parse(&command).map_err(|message| {
                problem(Some(span), format!("command {command:?}: {message}"))
            })?;
            policy.shell.push(ShellRule {
                say: rule.rule,
                command,
                pattern,
                reason: rule.reason,
                from: rule.from,
                tests: rule.tests,
            });
        }
        Ok(policy)
    }

    /// What is done about a finding, and why.
    pub fn measure(&self, id: &str, severity: Severity, origin: Origin) -> Measure {
        let rule =
            self.findings.iter().rev().find(|rule| {
                rule.id == id && (rule.from.is_empty() || rule.from.contains(&origin))
            });
        rule.map_or_else(
            || self.severity[index(origin)].of(severity),
            |rule| rule.measure,
        )
    }

    /// What is done about a severity.
    pub fn measures(&self, origin: Origin) -> Measures {
        self.severity[index(origin)]
    }

    /// What is done about a command that no rule names.
    pub fn default_say(&self, origin: Origin) -> Say {
        self.default[index(origin)]
    }
}
