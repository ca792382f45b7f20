//! Why a picture was not edited.

use super::{MAX_EDITED_PIXELS, MAX_EDITS, MAX_SIDE};

/// Why a list of operations was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    /// One of them can't be done.
    #[error("edits[{index}] ({op}): {problem}")]
    Edit {
        /// Its place, from 0 on.
        index: usize,
        /// Its name.
        op: &'static str,
        /// What is wrong.
        #[source]
        problem: EditProblem,
    },
    /// The picture can't be edited at all.
    #[error("the picture: {0}")]
    Input(#[source] EditProblem),
    /// The list is too long.
    #[error("{count} edits are too many: one call does up to {MAX_EDITS}")]
    TooMany {
        /// Its length.
        count: usize,
    },
    /// Two pictures that can't be compared.
    #[error(
        "pictures of {}×{} and of {}×{} can't be compared; resize one of them",
        .left.0, .left.1, .right.0, .right.1
    )]
    OtherSize {
        /// Width and height of the one.
        left: (u32, u32),
        /// Width and height of the other.
        right: (u32, u32),
    },
    /// Encoding failed.
    #[error("can't be written as {format}: {problem}")]
    Encode {
        /// The format.
        format: &'static str,
        /// What is wrong.
        #[source]
        problem: EditProblem,
    },
    /// The user stopped it.
    #[error("stopped")]
    Cancelled,
}

/// What is wrong with one operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditProblem {
    /// A number is out of its range.
    #[error("{what} must be {allowed}, not {actual}")]
    Range {
        /// The argument.
        what: &'static str,
        /// What it may be.
        allowed: String,
        /// What it is.
        actual: String,
    },
    /// The result would be empty or too large.
    #[error(
        "{width}×{height} is no size: each side may have 1 to {MAX_SIDE} pixels, and all of it {} million",
        MAX_EDITED_PIXELS / 1_000_000
    )]
    Size {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },
    /// An argument is missing.
    #[error("{what} is missing")]
    Missing {
        /// What should be there.
        what: &'static str,
    },
    /// No picture of that name.
    #[error("there is no picture {name:?} to paste; there {known}")]
    NoSource {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Something in a library.
    #[error("{0}")]
    Failed(String),
}
