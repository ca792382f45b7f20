//! The pure core: commands and reports in, events and effects out.
//!
//! Invariants: no I/O, no clock, no random numbers, no threads. Times arrive in [`Input`]; what
//! has to be done in the world leaves as [`Effect`]s, and what came of them returns as
//! [`Report`]s. So every transition is a plain test.
//!
//! Absent on purpose: anything of the view, and anything that can block.

#[cfg(test)]
mod tests;
mod transcript;
mod update;

use std::collections::VecDeque;
use std::path::PathBuf;

pub use transcript::{Body, CellBody, Entry, Phase, ShowBody, Transcript};

use crate::protocol::{
    Artifact, CellId, Command, Completions, Event, HistoryEntry, KernelStatus, Language, Limits,
    NewHistoryEntry, NoticeLevel, Outcome, RequestId, SessionId, Stream, Timestamp,
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
    /// The running cell waits for a line.
    InputRequested {
        /// The cell.
        cell: CellId,
        /// What it asks.
        prompt: String,
    },
    /// The running cell ended.
    Finished {
        /// The cell.
        cell: CellId,
        /// How.
        outcome: Outcome,
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
    /// The history was read.
    Recalled {
        /// What is new in it, oldest first.
        entries: Vec<HistoryEntry>,
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
    has_ended: bool,
}

/// What the session knows of one kernel.
#[derive(Clone, Debug, PartialEq)]
struct KernelState {
    language: Language,
    status: KernelStatus,
    running: Option<Running>,
    queue: VecDeque<Queued>,
    execution_count: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Running {
    cell: CellId,
    asks: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Queued {
    cell: CellId,
    source: String,
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
                running: None,
                queue: VecDeque::new(),
                execution_count: 0,
            }),
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
