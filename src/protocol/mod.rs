//! The one vocabulary of companion: plain data that every layer speaks.
//!
//! [`Command`]s go in, [`Event`]s come out; the transcript is a fold over events, and the same
//! events feed the full-screen UI, the store, and `--json`.
//!
//! Invariants: no I/O, no clock, no closures, no locks. Everything here can be serialised.
//!
//! Absent on purpose: anything that knows how a command is carried out.

mod approval;
mod artifact;
mod call;
mod called;
mod command;
mod event;
mod grant;
mod history;
mod id;
mod image;
mod image_flags;
mod language;
mod limits;
mod output;
mod safety;
mod say;
pub mod slash;
mod timeline;

pub use approval::{Approval, ApprovalRequest, Decision, Resolution, Scope, ToolQuestion, Width};
pub use artifact::{Artifact, MediaType};
pub use call::{CallOrigin, ParseToolNameError, ToolName};
pub use called::{
    CacheTier, CacheUse, CallFailure, CallOutcome, CallProgress, CallStatus, ToolCall, ToolContent,
};
pub use command::{Cell, Command, SettingChange};
pub use event::{
    CellProgress, Completion, Completions, Cost, Event, KernelStatus, NoticeLevel, Outcome, Status,
    Variables,
};
pub use grant::{Grant, GrantScope, ParseGrantError, SessionGrant};
pub use history::{HistoryEntry, HistoryKind, NewHistoryEntry};
pub use id::{ApprovalId, BlobId, CellId, RequestId, SessionId, Timestamp};
pub use image::{
    DeviceKind, Generation, ImageProgress, ImageRequest, ImageStage, ImageStatus, MemoryForecast,
    NoiseGenerator, SchedulerName, Sigmas, UnknownName,
};
pub use image_flags::ImageFlags;
pub use language::{Language, UnknownLanguage};
pub use limits::{LimitKind, Limits};
pub use output::{OutputExcerpt, Stream, StreamText};
pub use safety::{Answer, Finding, Origin, Question, Severity, Verdict};
pub use say::Say;
pub use slash::{Slash, SlashSpec};
pub use timeline::Timeline;
