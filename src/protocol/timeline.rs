//! Where a kernel stands among the states that it can go back to.

use serde::{Deserialize, Serialize};

/// How far a kernel can go back and forth, and which of its states have a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// How many cells `/undo` can take back.
    pub undo: u32,
    /// How many cells `/redo` can bring back.
    pub redo: u32,
    /// The named states, in the order in which they were named.
    pub branches: Vec<String>,
    /// The branch that the kernel is on, if it went to one or named one.
    pub branch: Option<String>,
}
