//! Calls of tools, and what comes of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Artifact, BlobId};

/// Whether a result that is known will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheUse {
    /// It will.
    #[default]
    Read,
    /// It has to be found out anew (`--no-cache`); what comes is kept.
    Renew,
}

/// Where a result was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheTier {
    /// In memory.
    Memory,
    /// In the store.
    #[serde(rename = "disk")]
    Store,
}

impl CacheTier {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Store => "disk",
        }
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The tool's name, as it was written.
    pub name: String,
    /// Its arguments, as they were written.
    pub arguments: Value,
    /// Whether a result that is known will do.
    #[serde(default)]
    pub cache: CacheUse,
}

/// A piece of a result. Text and names are untrusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToolContent {
    /// Something to read.
    Text {
        /// The text.
        text: String,
    },
    /// A value.
    Json {
        /// The value.
        value: Value,
    },
    /// A picture, by handle: the bytes are in the store.
    Image {
        /// The picture.
        artifact: Artifact,
    },
    /// Other bytes, by handle.
    Blob {
        /// Where the bytes are.
        blob: BlobId,
        /// What they are: `text/csv`.
        media_type: String,
        /// Their size.
        size_bytes: u64,
    },
}

/// How far a call has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallProgress {
    /// What is done, in the tool's own unit; only grows.
    pub done: f64,
    /// What there is to do, if that is known.
    pub total: Option<f64>,
    /// What it is at. Untrusted.
    pub message: Option<String>,
    /// The last lines that it printed. Untrusted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub printed: String,
}

/// How a call ended, with what it gave and what it cost. Of bounded size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallOutcome {
    /// Fine, or which way it failed.
    pub status: CallStatus,
    /// The result, for eyes; what is long is cut.
    pub content: Vec<ToolContent>,
    /// All text of the result, if some of it was cut here.
    pub whole: Option<BlobId>,
    /// The rule that let it pass, if it came so far.
    pub rule: Option<String>,
    /// Where the result was found, if it did not run.
    pub cached: Option<CacheTier>,
    /// How often it ran; 0 for one from the cache.
    pub attempts: u32,
    /// How long it took, with the time in which it waited for an answer.
    pub took: Duration,
    /// What else went wrong, and did not keep the call from its result.
    pub warnings: Vec<String>,
}

/// The ways a call can end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum CallStatus {
    /// There is a result.
    Ok,
    /// The tool ran, and its result tells of a failure.
    ToolFailed,
    /// There is no result.
    Failed {
        /// In which way.
        failure: CallFailure,
        /// What happened, where, and what to try. Quotes untrusted text.
        message: String,
    },
    /// It never began: the session was interrupted before.
    Dropped,
}

/// The ways in which a call can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallFailure {
    /// There is no such tool.
    UnknownTool,
    /// The arguments don't fit the schema.
    InvalidArguments,
    /// A rule says no, or the person who was asked.
    Denied,
    /// Called too often.
    RateLimited,
    /// It took too long.
    TimedOut,
    /// The tool tried, and could not.
    Failed,
    /// Nobody waits for it any more.
    Cancelled,
}

impl CallFailure {
    /// One word for logs and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::UnknownTool => "unknown_tool",
            Self::InvalidArguments => "invalid_arguments",
            Self::Denied => "denied",
            Self::RateLimited => "rate_limited",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl CallOutcome {
    /// One that has nothing but a way of ending.
    #[must_use]
    pub fn of(status: CallStatus) -> Self {
        Self {
            status,
            content: Vec::new(),
            whole: None,
            rule: None,
            cached: None,
            attempts: 0,
            took: Duration::ZERO,
            warnings: Vec::new(),
        }
    }

    /// Nobody waits for it any more.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::of(CallStatus::Failed {
            failure: CallFailure::Cancelled,
            message: "it was cancelled".to_owned(),
        })
    }

    /// Whether there is a result, and it tells of no failure.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == CallStatus::Ok
    }
}
