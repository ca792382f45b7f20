//! The pure core: commands and reports in, events and effects out.
//!
//! Invariants: no I/O, no clock, no random numbers, no threads. Times arrive in [`Input`]; what
//! has to be done in the world leaves as [`Effect`]s, and what came of them returns as
//! [`Report`]s. So every transition is a plain test.
//!
//! Absent on purpose: anything of the view, and anything that can block.

mod calls;
mod gate;
mod images;
mod rights;
#[cfg(test)]
mod tests;
mod transcript;
mod travel;
mod update;

use std::collections::VecDeque;
use std::path::PathBuf;

pub use transcript::{
    Body, CallBody, CallPhase, CellBody, Entry, GalleryBody, ImageBody, ImagePhase, MadeImage,
    Phase, ShowBody, Transcript,
};

use calls::Calls;
use images::Images;
use rights::Right;
use travel::Past;

use crate::protocol::{
    Answer, Approval, ApprovalId, Artifact, CallOrigin, CallOutcome, CallProgress, CellId,
    CellProgress, Command, Completions, Decision, Event, Finding, Generation, Grant, HistoryEntry,
    ImageProgress, ImageRequest, ImageStatus, KernelStatus, Language, Limits, NewHistoryEntry,
    NoticeLevel, Origin, Outcome, Question, RequestId, SessionId, Stream, Timeline, Timestamp,
    ToolCall, Variables, Verdict,
};

/// What happens to a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: InputKind,
}

/// A wish of a front end, or news from the world.
#[derive(Clone, Debug, PartialEq)]
pub enum InputKind {
    /// A front end wants something.
    Command(Command),
    /// An effect came to something.
    Report(Report),
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// A kernel has a fresh worker, or none: why not.
    KernelStarted {
        /// Whose.
        language: Language,
        /// Why there is none.
        failure: Option<String>,
    },
    /// The running cell printed.
    Output {
        /// The cell.
        cell: CellId,
        /// Where to.
        stream: Stream,
        /// What.
        text: String,
    },
    /// The running cell has come further, by its own account.
    Progressed {
        /// The cell.
        cell: CellId,
        /// How far.
        progress: CellProgress,
    },
    /// The running cell shows a picture.
    Displayed {
        /// The cell.
        cell: CellId,
        /// The picture.
        artifact: Artifact,
    },
    /// The running cell waits for a line.
    InputRequested {
        /// The cell.
        cell: CellId,
        /// What it asks.
        prompt: String,
    },
    /// A cell was looked at before it runs.
    Examined {
        /// The cell.
        cell: CellId,
        /// What was found.
        findings: Vec<Finding>,
        /// What is done with it.
        verdict: Verdict,
    },
    /// The running cell ended.
    Finished {
        /// The cell.
        cell: CellId,
        /// How.
        outcome: Outcome,
        /// Where its kernel stands now, if it can tell.
        timeline: Option<Timeline>,
    },
    /// A kernel went to another of its states, or could not: why not.
    Travelled {
        /// Whose.
        language: Language,
        /// Where it stands now.
        outcome: Result<Timeline, TravelFailure>,
    },
    /// A kernel answered.
    Completed {
        /// The question.
        request: RequestId,
        /// The answer.
        completions: Completions,
    },
    /// A picture was read, or not: why not.
    PictureLoaded {
        /// Its place in the transcript.
        cell: CellId,
        /// The picture.
        picture: Result<Artifact, String>,
    },
    /// A request for pictures has come further.
    ImageProgressed {
        /// Its place in the transcript.
        cell: CellId,
        /// How far.
        progress: ImageProgress,
    },
    /// A picture was made and kept.
    ImageMade {
        /// Its place in the transcript.
        cell: CellId,
        /// The picture.
        artifact: Artifact,
        /// How it came about.
        generation: Box<Generation>,
    },
    /// A request for pictures ended.
    ImageFinished {
        /// Its place in the transcript.
        cell: CellId,
        /// How.
        status: ImageStatus,
    },
    /// A call has come further.
    CallProgressed {
        /// Its place in the transcript.
        cell: CellId,
        /// How far.
        progress: CallProgress,
    },
    /// A call ended.
    Called {
        /// Its place in the transcript.
        cell: CellId,
        /// How.
        outcome: Box<CallOutcome>,
    },
    /// A call waits for an answer: one of the user's, or one that a running cell makes.
    ApprovalRequested(Approval),
    /// A call does not wait for its answer any more.
    ApprovalWithdrawn {
        /// The question.
        approval: ApprovalId,
    },
    /// The pictures that were made.
    PicturesListed {
        /// Words that are in their prompts.
        words: String,
        /// The newest of them.
        pictures: Vec<(Artifact, Generation)>,
        /// How many there are beside these.
        more: u64,
    },
    /// The history was read.
    Recalled {
        /// What is new in it, oldest first.
        entries: Vec<HistoryEntry>,
    },
    /// A grant can't be had: there is nothing at its path. All that the kernel had before holds.
    GrantRefused {
        /// Which.
        grant: Grant,
        /// Why.
        message: String,
    },
    /// Something to tell the user.
    Notice {
        /// How bad.
        level: NoticeLevel,
        /// What.
        text: String,
    },
}

/// What has to be done in the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Start a kernel's worker if it has none, so that the first cell need not wait.
    StartKernel {
        /// Whose.
        language: Language,
    },
    /// Look at a cell before it runs. The kernel is free.
    Examine {
        /// The cell.
        cell: CellId,
        /// What it is written in.
        language: Language,
        /// The code.
        source: String,
        /// Who wrote it.
        origin: Origin,
    },
    /// Keep an answer that holds for more than one cell.
    RememberAnswer {
        /// What was asked.
        question: Question,
        /// What was answered: for the session, or for always.
        answer: Answer,
    },
    /// Run a cell. The kernel is free.
    Execute {
        /// The cell.
        cell: CellId,
        /// Whose kernel.
        language: Language,
        /// The code.
        source: String,
        /// Jupyter's counter.
        execution_count: u64,
        /// Its bounds.
        limits: Limits,
    },
    /// End the running cell of a kernel; a second time, kill the worker.
    Interrupt {
        /// Whose.
        language: Language,
    },
    /// Answer the running cell.
    Reply {
        /// Whose kernel.
        language: Language,
        /// The line; `None` is end of file.
        line: Option<String>,
    },
    /// Kill a kernel's worker and start another.
    Restart {
        /// Whose.
        language: Language,
        /// Heap bytes that the next one may hold.
        memory_bytes: u64,
    },
    /// Take a kernel to another of its states. It is free.
    Travel {
        /// Whose.
        language: Language,
        /// Where to.
        travel: Travel,
    },
    /// Tell a kernel all that it may do beyond its jail from now on.
    SetGrants {
        /// Whose.
        language: Language,
        /// What holds now: whatever is not named has ended.
        grants: Vec<Grant>,
    },
    /// Ask a kernel that is free.
    Complete {
        /// Comes back with the answer.
        request: RequestId,
        /// Whose kernel.
        language: Language,
        /// The text at the prompt.
        source: String,
        /// Caret, in bytes.
        cursor: usize,
    },
    /// Read a picture and keep it.
    LoadPicture {
        /// Its place in the transcript.
        cell: CellId,
        /// The file.
        path: PathBuf,
    },
    /// Make pictures. None are being made.
    Imagine {
        /// Their place in the transcript.
        cell: CellId,
        /// What is asked for.
        request: ImageRequest,
    },
    /// Stop making pictures, at the next step.
    StopImagining,
    /// Call a tool.
    Call {
        /// Its place in the transcript.
        cell: CellId,
        /// Which tool, with what.
        call: ToolCall,
        /// Who calls.
        origin: CallOrigin,
    },
    /// Stop a call.
    CancelCall {
        /// Its place in the transcript.
        cell: CellId,
    },
    /// Give a call that waits its answer.
    Decide {
        /// The question.
        approval: ApprovalId,
        /// The answer.
        decision: Decision,
    },
    /// Tell a call that waits that it will get no answer.
    Withdraw {
        /// The question.
        approval: ApprovalId,
    },
    /// List the pictures that were made.
    ListPictures {
        /// Words that have to be in their prompts.
        words: String,
    },
    /// Keep a line that was typed.
    Remember(NewHistoryEntry),
    /// Read what is new in the history.
    Recall {
        /// The last id that is known.
        after: u64,
    },
    /// Kill what runs and stop.
    End,
}

/// A way from one state of a kernel to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Travel {
    /// So many cells back.
    Undo(u32),
    /// So many cells forth again.
    Redo(u32),
    /// To the state of this name; if there is none, the state of now gets it.
    Branch(String),
}

/// A kernel did not get where it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TravelFailure {
    /// A sentence: why, and what to try.
    pub message: String,
    /// What became of its variables.
    pub variables: Variables,
}

/// What came of one input, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// To tell.
    pub events: Vec<Event>,
    /// To do.
    pub effects: Vec<Effect>,
}

/// A run of companion: its kernels, its queues, its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    id: SessionId,
    language: Language,
    limits: Limits,
    last_cell: u64,
    kernels: [KernelState; Language::ALL.len()],
    rights: Vec<Right>,
    images: Images,
    calls: Calls,
    has_ended: bool,
}

/// What the session knows of one kernel.
#[derive(Clone, Debug, PartialEq)]
struct KernelState {
    language: Language,
    status: KernelStatus,
    work: Work,
    queue: VecDeque<Queued>,
    execution_count: u64,
    timeline: Timeline,
    past: Past,
    /// What it was told last that it may do.
    grants: Vec<Grant>,
}

/// What a kernel is taken up with.
#[derive(Clone, Debug, PartialEq)]
enum Work {
    Nothing,
    /// The next cell is being looked at.
    Examining(Queued),
    /// The next cell waits for a permission.
    Confirming(Queued, Question),
    Running(Running),
    Travelling(Travel),
}

#[derive(Clone, Debug, PartialEq)]
struct Running {
    cell: CellId,
    execution_count: u64,
    asks: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Queued {
    cell: CellId,
    source: String,
    origin: Origin,
}

impl Session {
    /// A session that has just begun, and its first events.
    #[must_use]
    pub fn start(id: SessionId, language: Language, limits: Limits, at: Timestamp) -> (Self, Step) {
        let session = Self {
            id: id.clone(),
            language,
            limits,
            last_cell: 0,
            kernels: Language::ALL.map(|language| KernelState {
                language,
                status: KernelStatus::NotStarted,
                work: Work::Nothing,
                queue: VecDeque::new(),
                execution_count: 0,
                timeline: Timeline::default(),
                past: Past::default(),
                grants: Vec::new(),
            }),
            rights: Vec::new(),
            images: Images::default(),
            calls: Calls::default(),
            has_ended: false,
        };
        let events = vec![
            Event::SessionStarted { session: id, at },
            Event::LanguageChanged { language },
            Event::LimitsChanged { limits },
        ];
        (
            session,
            Step {
                events,
                effects: Vec::new(),
            },
        )
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }
}
