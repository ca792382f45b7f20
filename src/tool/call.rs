//! A call, and what comes of it: plain data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ToolError;
use super::answers::Question;
use super::output::ToolOutput;
pub(crate) use crate::protocol::{CacheTier, CacheUse, ToolCall};

/// What comes of a call at once.
#[derive(Debug)]
pub(crate) enum Called {
    /// It is over.
    Finished(Finished),
    /// The user has to be asked. Nothing has run.
    Pending(Pending),
}

/// A call that is over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finished {
    /// The result.
    pub output: ToolOutput,
    /// The rule that let it pass.
    pub rule: String,
    /// Where the result was found, if it did not run.
    pub cached: Option<CacheTier>,
    /// How often it ran; 0 for one from the cache.
    pub attempts: u32,
    /// How long it took.
    pub took: Duration,
    /// What else went wrong, and did not keep the call from its result.
    pub warnings: Vec<String>,
}

/// A call that waits for an answer. Plain data: it can be kept, shown and sent. It is no permit:
/// what a rule denies stays denied, and an answer is about the tool that was asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The call.
    pub call: ToolCall,
    /// What the user is asked.
    pub question: Question,
    /// Of the tool's spec, as it was.
    pub(super) fingerprint: String,
}

impl Pending {
    /// The error of a call whose question has no answer, or no for one.
    pub fn denied(&self, reason: impl Into<String>) -> ToolError {
        ToolError::Denied {
            tool: self.question.tool.to_string(),
            rule: self.question.rule.clone(),
            reason: reason.into(),
        }
    }
}
