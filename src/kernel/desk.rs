//! What code may ask of the desk in the parent process: tools, and pictures as handles.
//!
//! A call of a tool costs no right: the desk asks the same policy as for everybody else, and does
//! what was allowed there, with its own hands.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::call::{Bytes, HostCallError};
use crate::protocol::{Artifact, CellProgress};
use crate::tool::CancelToken;

/// One question. Arguments and schemas are JSON texts: nobody on the way looks into them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeskCall {
    /// Which tools are there? A JSON array of them.
    List {
        /// Whether those of servers are wanted, too, which may have to be started.
        of_servers: bool,
    },
    /// Calls a tool.
    Call {
        /// Its name.
        name: String,
        /// Its arguments: a JSON object.
        arguments: String,
        /// Whether a result that is known will do.
        #[serde(default)]
        renew: bool,
        /// The fingerprint of what the caller knows of the tool. If it is not that any more, nothing
        /// is called, and the answer is that it has changed.
        #[serde(default)]
        known: Option<String>,
    },
    /// Are these arguments what the tool takes? With its defaults, as JSON.
    Check {
        /// Its name.
        name: String,
        /// Its arguments: a JSON object.
        arguments: String,
    },
    /// Makes a function of this kernel a tool, in the place of the one of its name.
    Register {
        /// `name`, `description`, `input_schema`, `output_schema` and `tags`, as JSON.
        spec: String,
    },
    /// Takes such a tool away.
    Unregister {
        /// Its name.
        name: String,
    },
    /// How far the cell is.
    Progress {
        /// What is done, in the cell's own unit.
        done: f64,
        /// What there is to do, if that is known.
        total: Option<f64>,
        /// What it is at.
        message: Option<String>,
    },
    /// Shows a picture below the cell.
    Show {
        /// Its handle.
        image: String,
        /// A name for people.
        name: String,
    },
    /// Opens the bytes of a picture, to be read as a file is.
    Open {
        /// Its handle.
        image: String,
        /// Which of them.
        what: ImageBytes,
    },
    /// Keeps a picture: gives its handle.
    Keep {
        /// A name for people.
        name: String,
        /// Its bytes.
        bytes: Bytes,
        /// Width and height, if the bytes are pixels: red, green, blue and alpha of each, row by
        /// row. Otherwise they are those of a file.
        size: Option<(u32, u32)>,
    },
}

/// The bytes that a picture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImageBytes {
    /// Those of its file.
    File,
    /// Its pixels: red, green, blue and alpha of each, row by row.
    Pixels,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DeskReturn {
    /// JSON.
    Text(String),
    /// The bytes of a picture.
    Bytes(Vec<u8>),
    /// A picture that is to be shown.
    Shown(Artifact),
}

/// What a cell may still use; code that it has run is on it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Budget {
    /// When its time is up.
    pub deadline: Option<Instant>,
    /// Steps.
    pub fuel: Option<u64>,
}

/// What the desk knows of the one who asks.
pub(crate) struct Asking {
    /// Nobody waits for the answer any more.
    pub cancel: CancelToken,
    /// For what runs on the cell's account.
    pub budget: Budget,
    /// Tells how far it is, for the cell's line.
    pub tell: Arc<dyn Fn(CellProgress) + Send + Sync>,
}

/// An answer, and on whose time it was found.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The answer.
    pub outcome: Result<DeskReturn, HostCallError>,
    /// Whether the time counts as the cell's own: code that it had run does. Pictures and pages are
    /// made and fetched under bounds of their own, and people take the time that they take.
    pub is_own_time: bool,
    /// Steps that such code took.
    pub fuel_used: u64,
}

/// Whoever answers, on a thread of its own for each question.
pub(crate) trait Desk: Send + Sync {
    /// Answers, and blocks as long as that takes.
    fn answer(&self, call: DeskCall, asking: &Asking) -> Answered;
}
