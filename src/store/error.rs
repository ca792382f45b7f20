//! What can go wrong in the store, and what was put right.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::protocol::BlobId;

/// Something was not stored or could not be read. The session goes on without it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The system refused.
    #[error("can't {action} {}", path.display())]
    Io {
        /// A verb: `write`, `open`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another instance held the history all the time.
    #[error("the history in {} was in use for {} s", path.display(), waited.as_secs())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The index is damaged, and rebuilding it did not help.
    #[error("the history index {} can't be used: {reason}", path.display())]
    Index {
        /// The folder of sled.
        path: PathBuf,
        /// What sled said.
        reason: String,
    },
    /// A record is beyond the cap.
    #[error("{what} of {size_bytes} bytes is over the {limit_bytes} bytes that the history keeps")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        size_bytes: usize,
        /// The cap.
        limit_bytes: usize,
    },
    /// A record can't be put into JSON.
    #[error("a record can't be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// No blob has this hash.
    #[error("there is no blob {id} in {}", path.display())]
    BlobMissing {
        /// The hash.
        id: BlobId,
        /// Where it would be.
        path: PathBuf,
    },
    /// The bytes are not those that were stored.
    #[error("the blob {} does not have the hash that its name tells", path.display())]
    BlobDamaged {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// The error with its causes, in one line.
    pub(super) fn in_full(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |error| error.source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }

    /// What to try.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "the disk is full: make room, or choose another disk with --data-dir"
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "the folder can't be written: check its owner, or choose another with --data-dir"
                }
                io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                    "a file is where a folder should be: move it away, or choose another folder with --data-dir"
                }
                _ => "check the folder and its disk, or choose another with --data-dir",
            },
            Self::Busy { .. } => {
                "another instance holds it: look for one that is stopped (Ctrl-Z) or hangs, and try again"
            }
            Self::Index { .. } => {
                "quit every instance and start again; the journal beside the index still holds every entry"
            }
            Self::TooLarge { .. } => "keep the code in a file, and run it from there",
            Self::Encode(_) => "this is a bug of companion: please report it",
            Self::BlobMissing { .. } => "it was deleted; run the cell again to get it back",
            Self::BlobDamaged { .. } => {
                "the disk or somebody changed the file: delete it, and run the cell again"
            }
        }
    }
}

/// Something was wrong and has been put right. Tell the user: nothing is repaired in silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreWarning {
    /// The index was damaged or gone and was built anew from the journal.
    Rebuilt {
        /// What was wrong with it.
        reason: String,
        /// Where the damaged one is now, if there was one.
        moved_to: Option<PathBuf>,
        /// Journal records that are in the new index.
        records: u64,
    },
    /// The index lacked records that the journal has; they were added.
    CaughtUp {
        /// How many.
        records: u64,
    },
    /// The journal was shortened, replaced or gone, and was written anew from the index.
    JournalRewritten {
        /// Where the old one is now, if there was one.
        moved_to: Option<PathBuf>,
        /// Records in the new one.
        records: u64,
    },
    /// Lines of the journal could not be read and were left out.
    LinesSkipped {
        /// The journal.
        path: PathBuf,
        /// How many.
        lines: u64,
    },
    /// The index could not be opened, and the journal was read instead.
    ReadFromJournal {
        /// Why.
        reason: String,
    },
    /// An entry is safe in the journal, but the index could not take it yet.
    IndexBehind {
        /// What the index said.
        reason: String,
    },
}

impl fmt::Display for StoreWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rebuilt {
                reason,
                moved_to,
                records,
            } => {
                write!(
                    f,
                    "the history index could not be used ({reason}); rebuilt from the journal with {records} records"
                )?;
                moved_to
                    .iter()
                    .try_for_each(|to| write!(f, "; the old one is in {}", to.display()))
            }
            Self::CaughtUp { records } => write!(
                f,
                "the history index lacked {records} records; they were added from the journal"
            ),
            Self::JournalRewritten { moved_to, records } => {
                write!(
                    f,
                    "the history journal did not match its index; written anew with {records} records"
                )?;
                moved_to
                    .iter()
                    .try_for_each(|to| write!(f, "; the old one is in {}", to.display()))
            }
            Self::LinesSkipped { path, lines } => write!(
                f,
                "{lines} lines of the history journal {} could not be read and were left out",
                path.display()
            ),
            Self::ReadFromJournal { reason } => {
                write!(f, "the history was read from its journal: {reason}")
            }
            Self::IndexBehind { reason } => write!(
                f,
                "the history is safe in its journal, but its index could not be written: {reason}"
            ),
        }
    }
}
