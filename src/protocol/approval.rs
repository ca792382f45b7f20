//! Questions about calls of tools, and their answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ApprovalId, CallOrigin, CellId, ToolName};

/// How long an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// For this call.
    Once,
    /// Until the session ends.
    Session,
    /// For good, in this project.
    Project,
    /// For good.
    Always,
}

impl Scope {
    /// How long, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Once => "this once",
            Self::Session => "until the session ends",
            Self::Project => "in this project, for good",
            Self::Always => "for good",
        }
    }
}

/// What an answer is about. Never another origin than the one that was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Width {
    /// The tool with exactly these arguments.
    Arguments,
    /// The tool, whatever its arguments.
    Tool,
}

/// An answer to a [`ToolQuestion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Do it.
    Allow {
        /// For how long.
        scope: Scope,
        /// What else. Of no account for [`Scope::Once`].
        width: Width,
    },
    /// Don't.
    Deny,
}

/// What the user is asked before a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolQuestion {
    /// The tool.
    pub tool: ToolName,
    /// Who calls.
    pub origin: CallOrigin,
    /// The arguments as canonical JSON: exactly what an answer about them is about. Untrusted.
    pub arguments: String,
    /// The rule that asks.
    pub rule: String,
    /// Why it asks, if it tells.
    pub reason: Option<String>,
}

impl ToolQuestion {
    /// What is let pass by an answer, in words.
    #[must_use]
    pub fn words(&self, scope: Scope, width: Width) -> String {
        match scope {
            Scope::Once => format!("this call of {}", self.tool),
            _ => format!("{}, {}", self.subject(width), scope.words()),
        }
    }

    /// The arguments one by one, as text, the shortest first: a long one hides no other. `None` if
    /// they are no object.
    #[must_use]
    pub fn fields(&self) -> Option<Vec<(String, String)>> {
        let Ok(Value::Object(fields)) = serde_json::from_str(&self.arguments) else {
            return None;
        };
        let text = |value| match value {
            // Its lines as they are: quotes would only hide where it begins and ends.
            Value::String(text) if text.contains('\n') => text,
            value @ (Value::Array(_) | Value::Object(_)) => format!("{value:#}"),
            value => value.to_string(),
        };
        let fields = fields.into_iter();
        let mut fields: Vec<_> = fields.map(|(name, value)| (name, text(value))).collect();
        fields.sort_by_key(|(name, text)| name.len() + text.len());
        Some(fields)
    }

    /// What an answer for more than once is about, in words.
    #[must_use]
    pub fn subject(&self, width: Width) -> String {
        let what = match width {
            Width::Arguments => "with exactly these arguments",
            Width::Tool => "with any arguments",
        };
        format!("{} {what}, called by {}", self.tool, self.origin)
    }
}

/// A call that waits for an answer: [`super::Command::Decide`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Ties the answer to the question.
    pub approval: ApprovalId,
    /// The call, or the cell that makes it.
    pub cell: CellId,
    /// What is asked.
    pub request: ApprovalRequest,
}

/// What a person has to know to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// The question.
    pub question: ToolQuestion,
    /// What the call can touch, in words.
    pub touches: String,
    /// Whether that is nothing, by our own word.
    pub is_harmless: bool,
    /// What it would change in files, as a unified diff, or why it would change nothing.
    /// Untrusted text of bounded size.
    pub preview: Option<String>,
}

/// How an approval came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It was answered.
    Answered(Decision),
    /// Nobody wants to know any more.
    Withdrawn,
}
