//! Why a call gave no result.

use std::time::Duration;

use super::violation::Violation;
use crate::protocol::CallFailure;

/// Why a call gave no result. Each says what to do about it, for people and for models.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum ToolError {
    /// There is no such tool.
    #[error("there is no tool {name:?}{}", did_you_mean(suggestions))]
    UnknownTool {
        /// What was asked for.
        name: String,
        /// Names that are near, nearest first.
        suggestions: Vec<String>,
    },
    /// The arguments don't fit the schema.
    #[error("the arguments of {tool} don't fit{}", listed(violations))]
    InvalidArguments {
        /// The tool.
        tool: String,
        /// All that is wrong with them.
        violations: Vec<Violation>,
    },
    /// A rule says no, or the person who was asked.
    #[error("{tool} is not allowed here: {reason} (by {rule})")]
    Denied {
        /// The tool.
        tool: String,
        /// Which rule.
        rule: String,
        /// Why.
        reason: String,
    },
    /// Called too often.
    #[error(
        "{tool} was called too often ({limit}): it can be called again in {:.1} s",
        retry_after.as_secs_f64()
    )]
    RateLimited {
        /// The tool.
        tool: String,
        /// The limit: `30 a minute from a model`.
        limit: String,
        /// Until the next permit.
        retry_after: Duration,
    },
    /// It took too long.
    #[error("it took too long{}", bound(*after))]
    TimedOut {
        /// The bound, if the tool has one.
        after: Option<Duration>,
    },
    /// The tool tried, and could not.
    #[error("{message}")]
    Failed {
        /// What happened and what to try.
        message: String,
        /// Whether the same call may work in a moment.
        is_transient: bool,
    },
    /// Nobody waits for it any more.
    #[error("it was cancelled")]
    Cancelled,
}

impl ToolError {
    /// A failure that will be the same next time.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            is_transient: false,
        }
    }

    /// A failure that may be gone next time.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            is_transient: true,
        }
    }

    /// In which way it failed.
    pub fn failure(&self) -> CallFailure {
        match self {
            Self::UnknownTool { .. } => CallFailure::UnknownTool,
            Self::InvalidArguments { .. } => CallFailure::InvalidArguments,
            Self::Denied { .. } => CallFailure::Denied,
            Self::RateLimited { .. } => CallFailure::RateLimited,
            Self::TimedOut { .. } => CallFailure::TimedOut,
            Self::Failed { .. } => CallFailure::Failed,
            Self::Cancelled => CallFailure::Cancelled,
        }
    }

    /// One word for logs and programs.
    pub fn kind(&self) -> &'static str {
        self.failure().word()
    }
}

fn did_you_mean(suggestions: &[String]) -> String {
    match suggestions {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}

fn listed(violations: &[Violation]) -> String {
    let lines = violations
        .iter()
        .map(|violation| format!("\n- {violation}"));
    lines.collect()
}

fn bound(after: Option<Duration>) -> String {
    after.map_or_else(String::new, |after| format!(": {after:?} are the most"))
}
