//! A call, and what comes of it: plain data.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::Question;
use super::cache::CacheTier;
use super::output::ToolOutput;

/// Whether a result that is known will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CacheUse {
    /// It will.
    #[default]
    Read,
    /// It has to be found out anew (`--no-cache`); what comes is kept.
    Renew,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ToolCall {
    /// The tool's name, as it was written.
    pub name: String,
    /// Its arguments, as they were written.
    pub arguments: Value,
    /// Whether a result that is known will do.
    #[serde(default)]
    pub cache: CacheUse,
}

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
