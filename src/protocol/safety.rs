//! What is said about code before it runs.

use serde::{Deserialize, Serialize};

/// Who wrote a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The person at the prompt.
    #[default]
    User,
    /// A language model.
    Model,
    /// A page, a file of somebody else.
    Web,
}

/// How bad a finding is. What is done about each is a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Low,
    /// Reaches for something that the jail denies.
    Medium,
    /// Tries to get out, to hide, or to exhaust.
    High,
}

/// Something that was seen in code before it ran. Informs; the jail protects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that saw it: `py-dunder-escape`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What was seen and why it matters: one sentence.
    pub message: String,
}

/// What is done with a cell that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It runs.
    Run,
    /// The user is asked.
    Ask(Question),
    /// It does not run.
    Deny {
        /// A sentence: which rule, and what to try.
        message: String,
    },
}

/// What the user is asked before a cell runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// One sentence. May hold untrusted text.
    pub text: String,
    /// The rule that asks: `ask git push`, `severity high`.
    pub rule: String,
    /// What an answer for the session or for always would let pass, in words: `git push …`.
    /// `None` if there is nothing but once.
    pub wider: Option<String>,
}

/// The answer to a [`Question`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Run it this time.
    Once,
    /// Run it, and whatever the same rule would ask about, until the session ends.
    Session,
    /// The same for good: written into the policy file.
    Always,
    /// Don't run it.
    No,
}
