//! What happened. A transcript is a fold over these.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Approval, ApprovalId, Artifact, CallOrigin, CallOutcome, CallProgress, CellId, DeviceKind,
    Finding, Generation, HistoryEntry, ImageProgress, ImageRequest, ImageStatus, Language,
    LimitKind, Limits, OutputExcerpt, Question, RequestId, Resolution, SessionGrant, SessionId,
    Stream, Timeline, Timestamp, ToolCall,
};

/// Something that happened in a session. Closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A session began.
    SessionStarted {
        /// Its id.
        session: SessionId,
        /// When.
        at: Timestamp,
    },
    /// A cell was accepted. It may wait for its kernel.
    CellSubmitted {
        /// The new cell.
        cell: CellId,
        /// What it is written in.
        language: Language,
        /// Its text.
        source: String,
        /// When.
        at: Timestamp,
    },
    /// A cell began to run.
    CellStarted {
        /// The cell.
        cell: CellId,
        /// Jupyter's `execution_count`: counts the cells that ran in this kernel, from 1.
        execution_count: u64,
        /// When.
        at: Timestamp,
    },
    /// A cell printed.
    CellOutput {
        /// The cell.
        cell: CellId,
        /// Where to.
        stream: Stream,
        /// What: untrusted text, unfiltered.
        text: String,
    },
    /// A running cell has come further, by its own account.
    CellProgressed {
        /// The cell.
        cell: CellId,
        /// How far.
        progress: CellProgress,
    },
    /// A cell shows a picture: Jupyter's `display_data`.
    CellDisplayed {
        /// The cell.
        cell: CellId,
        /// The picture.
        artifact: Artifact,
    },
    /// A cell waits for a line of input.
    InputRequested {
        /// The cell.
        cell: CellId,
        /// What it asks. Untrusted text.
        prompt: String,
    },
    /// The line came, or the wait was given up.
    InputAnswered {
        /// The cell that had asked.
        cell: CellId,
    },
    /// A cell ended.
    CellFinished {
        /// The cell.
        cell: CellId,
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
    /// Pictures were asked for. They may wait for others.
    ImageSubmitted {
        /// Its place in the transcript.
        cell: CellId,
        /// What was asked for.
        request: ImageRequest,
        /// When.
        at: Timestamp,
    },
    /// A request for pictures has come further.
    ImageProgressed {
        /// Its place in the transcript.
        cell: CellId,
        /// How far.
        progress: ImageProgress,
    },
    /// A picture is there.
    ImageMade {
        /// Its place in the transcript.
        cell: CellId,
        /// The picture.
        artifact: Artifact,
        /// How it came about.
        generation: Box<Generation>,
        /// When.
        at: Timestamp,
    },
    /// A request for pictures ended.
    ImageFinished {
        /// Its place in the transcript.
        cell: CellId,
        /// How.
        status: ImageStatus,
        /// When.
        at: Timestamp,
    },
    /// Requests that name no model or device go elsewhere from now on.
    ImageSettingsChanged {
        /// The model; `None` is the one that comes with companion.
        model: Option<String>,
        /// The device; `None` is the best that there is.
        device: Option<DeviceKind>,
    },
    /// A tool is to be called. The call may wait for others.
    CallSubmitted {
        /// Its place in the transcript.
        cell: CellId,
        /// Which tool, with what.
        call: ToolCall,
        /// Who calls.
        origin: CallOrigin,
        /// When.
        at: Timestamp,
    },
    /// A call has come further.
    CallProgressed {
        /// Its place in the transcript.
        cell: CellId,
        /// How far.
        progress: CallProgress,
    },
    /// A call ended.
    CallFinished {
        /// Its place in the transcript.
        cell: CellId,
        /// How.
        outcome: Box<CallOutcome>,
        /// When.
        at: Timestamp,
    },
    /// A call waits for an answer: given by `Command::Decide`.
    ApprovalRequested {
        /// The question, and whose it is.
        approval: Approval,
    },
    /// The question of a call has its answer, or is no longer asked.
    ApprovalResolved {
        /// The question.
        approval: ApprovalId,
        /// The call, or the cell that makes it.
        cell: CellId,
        /// How.
        resolution: Resolution,
    },
    /// The pictures that were made, newest first, as many as can be looked at together.
    GalleryShown {
        /// Its place in the transcript.
        cell: CellId,
        /// Words that are in their prompts, or nothing.
        words: String,
        /// The pictures.
        pictures: Vec<(Artifact, Generation)>,
        /// How many there are beside these.
        more: u64,
        /// When.
        at: Timestamp,
    },
    /// A picture is to be looked at.
    ShowStarted {
        /// Its place in the transcript.
        cell: CellId,
        /// The file, as given.
        path: String,
        /// When.
        at: Timestamp,
    },
    /// A picture can be looked at.
    ArtifactReady {
        /// Its place in the transcript.
        cell: CellId,
        /// The picture.
        artifact: Artifact,
    },
    /// A picture can't be looked at.
    ShowFailed {
        /// Its place in the transcript.
        cell: CellId,
        /// Why, and what to try.
        message: String,
    },
    /// A kernel changed its state.
    KernelChanged {
        /// Whose.
        language: Language,
        /// To what.
        status: KernelStatus,
    },
    /// The answer to `Command::Complete`.
    Completed {
        /// From the question.
        request: RequestId,
        /// The candidates; none if the kernel is busy.
        completions: Completions,
    },
    /// The answer to `Command::Recall`.
    Recalled {
        /// What is new in the history, oldest first.
        entries: Vec<HistoryEntry>,
    },
    /// A cell was looked at before it runs, and there is something to say about it.
    CellExamined {
        /// The cell.
        cell: CellId,
        /// What was found, in the order of the lines.
        findings: Vec<Finding>,
    },
    /// A cell waits for a permission: answered by `Command::Confirm`.
    ConfirmationRequested {
        /// The cell.
        cell: CellId,
        /// What is asked.
        question: Question,
    },
    /// The permission was given, refused, or is no longer wanted.
    ConfirmationAnswered {
        /// The cell.
        cell: CellId,
    },
    /// What the kernels of this session may do beyond their jail changed.
    GrantsChanged {
        /// All that holds now.
        grants: Vec<SessionGrant>,
    },
    /// A kernel went back, forth, or to another branch; or a branch was named.
    TimelineChanged {
        /// Whose.
        language: Language,
        /// Where it is now.
        timeline: Timeline,
    },
    /// The language of the next cells changed.
    LanguageChanged {
        /// To this one.
        language: Language,
    },
    /// The limits of the next cells changed.
    LimitsChanged {
        /// To these.
        limits: Limits,
    },
    /// Something to tell the user that belongs to no cell.
    Notice {
        /// How bad.
        level: NoticeLevel,
        /// One sentence; may carry a second that says what to try.
        text: String,
    },
    /// The session is over: nothing comes after this.
    SessionEnded {
        /// When.
        at: Timestamp,
    },
}

impl Event {
    /// Whether the store keeps it. Output is kept inside the outcome, whole; the pieces that
    /// stream by are not kept a second time.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        match self {
            Self::SessionStarted { .. }
            | Self::CellSubmitted { .. }
            | Self::CellExamined { .. }
            | Self::CellStarted { .. }
            | Self::CellDisplayed { .. }
            | Self::CellFinished { .. }
            | Self::ImageSubmitted { .. }
            | Self::ImageMade { .. }
            | Self::ImageFinished { .. }
            | Self::CallSubmitted { .. }
            | Self::CallFinished { .. }
            | Self::ShowStarted { .. }
            | Self::ArtifactReady { .. }
            | Self::ShowFailed { .. }
            | Self::SessionEnded { .. } => true,
            // It can be had again.
            Self::GalleryShown { .. }
            | Self::CellOutput { .. }
            | Self::CellProgressed { .. }
            | Self::InputRequested { .. }
            | Self::InputAnswered { .. }
            | Self::ImageProgressed { .. }
            | Self::CallProgressed { .. }
            | Self::ApprovalRequested { .. }
            | Self::ApprovalResolved { .. }
            | Self::ImageSettingsChanged { .. }
            | Self::KernelChanged { .. }
            | Self::Completed { .. }
            | Self::Recalled { .. }
            | Self::ConfirmationRequested { .. }
            | Self::ConfirmationAnswered { .. }
            | Self::GrantsChanged { .. }
            | Self::TimelineChanged { .. }
            | Self::LanguageChanged { .. }
            | Self::LimitsChanged { .. }
            | Self::Notice { .. } => false,
        }
    }
}

/// How far a running cell is, by its own account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellProgress {
    /// What is done, in the cell's own unit.
    pub done: f64,
    /// What there is to do, if that is known.
    pub total: Option<f64>,
    /// What it is at. Untrusted text.
    pub message: Option<String>,
}

/// How a cell ended, with what it gave and what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Fine, or which way it failed.
    pub status: Status,
    /// The value of the last expression as the language shows it. Untrusted text.
    pub result: Option<String>,
    /// What it printed.
    pub output: OutputExcerpt,
    /// What it cost.
    pub cost: Cost,
}

/// The ways a cell can end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It ran to its end.
    Ok,
    /// It raised and nothing caught it. All of it is untrusted text.
    Error {
        /// Jupyter's `ename`: the exception's class.
        ename: String,
        /// Jupyter's `evalue`: the exception's message.
        evalue: String,
        /// What the language prints for it, lines ended by `\n`.
        traceback: String,
    },
    /// The code asked for the end of the process, with this exit code.
    Exit {
        /// `sys.exit(code)`.
        code: i32,
    },
    /// The user stopped it.
    Interrupted {
        /// What became of the variables.
        #[serde(default)]
        variables: Variables,
    },
    /// It ran into a limit.
    Limit {
        /// Which.
        kind: LimitKind,
        /// A sentence: which limit, how large, what to try.
        message: String,
        /// What became of the variables.
        #[serde(default)]
        variables: Variables,
    },
    /// The process that ran it died.
    Died {
        /// A sentence: what is known about it.
        message: String,
        /// What became of the variables.
        #[serde(default)]
        variables: Variables,
    },
    /// It was not allowed to run.
    Refused {
        /// A sentence: which rule, and what to try.
        message: String,
    },
    /// It never ran: the one before it was interrupted, or the kernel was restarted.
    Dropped,
}

impl Status {
    /// Whether the cell did what it was written to do.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok | Self::Exit { code: 0 })
    }

    /// What became of the variables.
    #[must_use]
    pub fn variables(&self) -> Variables {
        match self {
            Self::Died { variables, .. }
            | Self::Interrupted { variables }
            | Self::Limit { variables, .. } => *variables,
            Self::Ok
            | Self::Error { .. }
            | Self::Exit { .. }
            | Self::Refused { .. }
            | Self::Dropped => Variables::Kept,
        }
    }
}

/// What became of a kernel's variables when a cell was ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variables {
    /// They are there, with what the cell had done to them.
    #[default]
    Kept,
    /// They are as they were before the cell: its process was killed and a snapshot took over.
    RolledBack,
    /// They are gone: the kernel was replaced by a fresh one.
    Lost,
}

/// What a cell cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Wall-clock time in the kernel.
    pub execution_time: Duration,
    /// Time in which the cell stood still, for an answer of the user's or a tool's work.
    #[serde(default)]
    pub waited: Duration,
    /// Most heap bytes that the kernel held while the cell ran, its own included; 0 if it died
    /// before it could say.
    pub peak_memory_bytes: u64,
    /// Steps that it took, as the meter of its language counts them: the same number for the same
    /// program on every machine. In Python about one an instruction; in JavaScript one a call or
    /// turn of a loop, in lots of ten thousand. What native code does between two steps is not in
    /// it.
    #[serde(default)]
    pub fuel_used: u64,
}

/// What a kernel is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelStatus {
    /// No worker yet: it starts with the first cell.
    NotStarted,
    /// The worker is being started.
    Starting,
    /// Ready for a cell.
    Idle,
    /// Runs a cell.
    Busy,
    /// The worker could not be started.
    Failed(String),
}

/// Ways to go on at the caret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completions {
    /// Where the text to replace begins, in bytes of the source asked about.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The candidates, best first. At most a few hundred.
    pub items: Vec<Completion>,
}

/// One way to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// What replaces the text.
    pub text: String,
    /// What it is: `function`, `module`, `keyword`, a type's name. May be empty.
    pub kind: String,
}

/// How bad a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Something is degraded.
    Warning,
    /// Something that was asked for did not happen.
    Error,
}
