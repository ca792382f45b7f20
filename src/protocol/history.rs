//! What was typed at the prompt, over all sessions.

use serde::{Deserialize, Serialize};

use super::{Language, SessionId, Timestamp};

/// Something typed at the prompt, before it has its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHistoryEntry {
    /// The session it was typed in.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// The language of the prompt.
    pub language: Language,
    /// The text.
    pub source: String,
    /// Code or command.
    pub kind: HistoryKind,
}

/// Something that was typed at the prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Counts all entries of all sessions, from 1.
    pub id: u64,
    /// The session it was typed in.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// The language of the prompt.
    pub language: Language,
    /// The text.
    pub source: String,
    /// Code or command.
    pub kind: HistoryKind,
}

impl HistoryEntry {
    /// Whether the user asked, as in shells, that this be not remembered: it begins with a space.
    #[must_use]
    pub fn is_private(source: &str) -> bool {
        source.starts_with(' ')
    }
}

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// Source code.
    Cell,
    /// A slash command.
    Slash,
}
