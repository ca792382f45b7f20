//! What can go wrong with models.

use std::io;
use std::path::{Path, PathBuf};

/// Why a model is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelError {
    /// No model has this name.
    #[error("there is no model {name:?}{}", near.as_ref().map_or_else(String::new, |near| format!("; did you mean {near}?")))]
    Unknown {
        /// As it was asked for.
        name: String,
        /// The name that may have been meant.
        near: Option<String>,
    },
    /// Several models end with this name.
    #[error("{name:?} may be {}: give the whole name", candidates.join(" or "))]
    Ambiguous {
        /// As it was asked for.
        name: String,
        /// Those that it may be.
        candidates: Vec<String>,
    },
    /// A path leads to something that is no model.
    #[error("{} is no model: {reason}", shown(path))]
    NotAModel {
        /// Where.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A file breaks the rules of its format.
    #[error("{}: {reason}", shown(path))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which rule.
        reason: String,
    },
    /// A settings file of the user has a wrong value.
    #[error("{}{}: {message}", shown(path), line.map_or_else(String::new, |line| format!(":{line}")))]
    Settings {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong, and what it takes.
        message: String,
    },
    /// No style preset has this name.
    #[error("no style is called {name:?}; there are {known}")]
    UnknownStyle {
        /// As it was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A file cannot be read or written.
    #[error("can't {action} {}", shown(path))]
    Io {
        /// What was tried: read, write, copy.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A model of that name is there already.
    #[error("there is a model {name:?} already, in {}", shown(path))]
    Exists {
        /// Its name.
        name: String,
        /// Where it is.
        path: PathBuf,
    },
    /// A name that no folder can have.
    #[error("{name:?} can't be the name of {what}")]
    BadName {
        /// As it was given.
        name: String,
        /// What it should name.
        what: &'static str,
    },
    /// The disk has no room for it.
    #[error(
        "{} has {free_bytes} bytes free, and {needed_bytes} more are needed",
        shown(path)
    )]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// What is free there.
        free_bytes: u64,
        /// What is to be written yet.
        needed_bytes: u64,
    },
    /// The hub refused.
    #[error("{host} says {status}: {meaning}")]
    Refused {
        /// Whose answer it is.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What that means here.
        meaning: String,
    },
    /// The hub cannot be reached, or broke off again and again.
    #[error("no answer from {host}: {reason}")]
    Unreachable {
        /// Whom we asked.
        host: String,
        /// What happened last.
        reason: String,
    },
    /// The hub answers with what a hub does not answer with.
    #[error("{host} answers with what is no answer of a hub: {reason}")]
    Nonsense {
        /// Whose answer it is.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A repository has nothing that we could use, or too much to choose from.
    #[error("{repo}: {reason}")]
    Selection {
        /// The repository.
        repo: String,
        /// What to do about it.
        reason: String,
    },
    /// A file that came is not the one that was announced.
    #[error("{file}: {reason}")]
    WrongContent {
        /// The file's path in the repository.
        file: String,
        /// What differs.
        reason: String,
    },
    /// The user stopped it.
    #[error("stopped")]
    Cancelled,
}

impl ModelError {
    /// An error of the file system, where it happened.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// A broken rule, where it is broken.
    pub(super) fn malformed(path: &Path, reason: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    /// What to try.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unknown { .. } => Some("companion models list tells which there are"),
            Self::NotAModel { .. } => {
                Some("a model is a folder with model_index.json, or one .safetensors or .ckpt file")
            }
            Self::Malformed { .. } => {
                Some("was the file copied completely? companion models verify NAME checks all")
            }
            Self::Exists { .. } => Some("give another --name, or remove that one"),
            Self::NoRoom { .. } => {
                Some("make room, or name another folder with --data-dir; what came is kept")
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("make room and give the command again: what came is kept")
            }
            Self::Refused {
                status: 401 | 403, ..
            } => Some(
                "put a token of the hub in the variable HF_TOKEN; \
                 gated models want their licence accepted on their page first",
            ),
            Self::Refused { status: 404, .. } => {
                Some("is the name right? it is OWNER/NAME, or OWNER/NAME@REVISION")
            }
            Self::Refused { .. } | Self::Unreachable { .. } => {
                Some("give the command again: it goes on where it stopped")
            }
            Self::Nonsense { .. } => {
                Some("is hub.url in config.toml the address of a hub? companion print config")
            }
            Self::WrongContent { .. } => {
                Some("give the command again; if it stays, the hub or a proxy changes the file")
            }
            Self::Ambiguous { .. }
            | Self::Settings { .. }
            | Self::UnknownStyle { .. }
            | Self::Io { .. }
            | Self::BadName { .. }
            | Self::Selection { .. }
            | Self::Cancelled => None,
        }
    }
}

/// A path for people: without the control characters that a file name may hold.
pub(super) fn shown(path: &Path) -> String {
    shown_text(&path.to_string_lossy())
}

/// Somebody else's text in a message: one line, no control characters, not endless.
pub(super) fn shown_text(text: &str) -> String {
    const MAX_CHARS: usize = 300;
    let mut shown: String = text
        .chars()
        .take(MAX_CHARS)
        .map(|c| if is_safe(c) { c } else { '\u{fffd}' })
        .collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// Neither acts on a terminal nor turns the reading direction round.
pub(super) fn is_safe(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
