//! What a front end can ask for.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Answer, ApprovalId, CallOrigin, CellId, Decision, DeviceKind, Grant, HistoryKind, ImageRequest,
    Language, Origin, RequestId, SessionGrant, ToolCall,
};

/// A request to the session. Closed: every front end speaks these and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Run a cell, after those that wait for the same kernel.
    Submit(Cell),
    /// Stop a cell, or whatever runs: `None`. What waits behind it is dropped too.
    Interrupt {
        /// The cell to stop.
        cell: Option<CellId>,
    },
    /// Answer a cell's `input()`; `None` is end of file.
    Reply {
        /// The cell that asked.
        cell: CellId,
        /// The line, without its end.
        line: Option<String>,
    },
    /// Throw a kernel away, with its variables, and start a fresh one.
    Restart {
        /// Whose kernel.
        language: Language,
    },
    /// Answer the question that a cell waits with.
    Confirm {
        /// The cell.
        cell: CellId,
        /// The answer.
        answer: Answer,
    },
    /// Take cells of a kernel back, with what they did to its variables.
    Undo {
        /// Whose kernel.
        language: Language,
        /// How many cells.
        cells: u32,
    },
    /// Take an undo back.
    Redo {
        /// Whose kernel.
        language: Language,
        /// How many cells.
        cells: u32,
    },
    /// Give the state of a kernel a name, or go to the state of that name.
    Branch {
        /// Whose kernel.
        language: Language,
        /// The name.
        name: String,
    },
    /// Let kernels do something beyond their jail.
    Allow(SessionGrant),
    /// Take grants back: one, or all of them.
    Deny {
        /// Which; `None` is all.
        grant: Option<Grant>,
    },
    /// Ask a kernel for the ways to go on at a place in a source.
    Complete {
        /// Comes back in the answer.
        request: RequestId,
        /// Which kernel to ask.
        language: Language,
        /// The text at the prompt.
        source: String,
        /// Caret, in bytes of `source`.
        cursor: usize,
    },
    /// Make pictures, after those that were asked for before.
    Imagine(ImageRequest),
    /// Call a tool.
    Call {
        /// Which, with what.
        call: ToolCall,
        /// Who calls.
        origin: CallOrigin,
    },
    /// Answer the question that a call waits with.
    Decide {
        /// The question.
        approval: ApprovalId,
        /// The answer.
        decision: Decision,
    },
    /// Look at the pictures that were made, of all sessions.
    Gallery {
        /// Words that have to be in their prompts, or nothing.
        words: String,
    },
    /// Look at a picture file.
    Show {
        /// The file; `~` has been expanded.
        path: PathBuf,
    },
    /// Keep a line in the prompt history.
    Remember {
        /// The language of the prompt.
        language: Language,
        /// The line or lines.
        source: String,
        /// Code or command.
        kind: HistoryKind,
    },
    /// Tell what is new in the prompt history, of all sessions.
    Recall {
        /// The last id that is known; 0 for all of it.
        after: u64,
    },
    /// Change a setting for the rest of this run.
    Set(SettingChange),
    /// End the session: what runs is killed, what was acknowledged is kept.
    Quit,
}

/// Source code to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// What it is written in.
    pub language: Language,
    /// The text, as typed.
    pub source: String,
    /// Who wrote it.
    pub origin: Origin,
}

/// A setting and its new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingChange {
    /// The language of the next cells.
    Language(Language),
    /// Wall-clock time for a cell; `None` is no bound.
    Timeout(Option<Duration>),
    /// Time on processors for a cell; `None` is no bound.
    CpuTime(Option<Duration>),
    /// Heap memory of a kernel. Takes effect when the kernel is restarted.
    MemoryBytes(u64),
    /// Bytes that a cell may print.
    OutputBytes(u64),
    /// Steps that a cell may take; `None` is no bound.
    Fuel(Option<u64>),
    /// The model of pictures that name none; `None` is the one that comes with companion.
    Model(Option<String>),
    /// Where pictures are computed; `None` is the best that there is.
    Device(Option<DeviceKind>),
}
