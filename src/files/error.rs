//! Why something was not done with a file.

use rustix::io::Errno;

use crate::granted::Refusal;

/// Why something was not done with a file. Paths are fit to be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    /// It is in no folder that is open.
    #[error("{path} is outside of the folders that tools may use ({folders})")]
    Outside {
        /// What was asked for.
        path: String,
        /// The folders.
        folders: String,
    },
    /// It may only be read.
    #[error("{path} may only be read")]
    ReadOnly {
        /// What was asked for.
        path: String,
    },
    /// It is of a kind that is not opened, or one of companion's own.
    #[error("{path}: {reason}")]
    Denied {
        /// What was asked for.
        path: String,
        /// Why.
        reason: String,
    },
    /// The system says no.
    #[error("{path}: {source}")]
    System {
        /// What was asked for.
        path: String,
        /// What it says.
        #[source]
        source: std::io::Error,
    },
    /// Too many bytes.
    #[error("{path} is over {max_bytes} bytes, which is the most")]
    TooBig {
        /// What was asked for.
        path: String,
        /// The bound.
        max_bytes: u64,
    },
    /// There is a file already.
    #[error("{path} is there already: set overwrite to replace it, or choose another name")]
    Exists {
        /// What was asked for.
        path: String,
    },
    /// Somebody else wrote to it, between looking at it and replacing it.
    #[error("{path} was changed by somebody else in the meantime: read it again")]
    Changed {
        /// What was asked for.
        path: String,
    },
    /// No regular expression, or no glob.
    #[error("{pattern:?} is no {of}: {message}")]
    Pattern {
        /// What it is not.
        of: &'static str,
        /// What was given.
        pattern: String,
        /// Why.
        message: String,
    },
    /// A patch that can't be read, or says what can't be done.
    #[error("{message}; nothing was changed")]
    BadPatch {
        /// What is wrong with it.
        message: String,
    },
    /// A hunk that is about other lines than those in the file.
    #[error("{0}; nothing was changed")]
    DoesNotFit(Box<Misfit>),
    /// The disk said no in the middle of several files.
    #[error("{path}: {source}; {undone}")]
    HalfWay {
        /// The file that could not be changed.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
        /// What became of the files before it.
        undone: String,
    },
    /// Nobody waits for it any more.
    #[error("cancelled")]
    Cancelled,
}

/// A hunk that is about other lines than those in the file.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path}: hunk {hunk} ({header}) does not fit: line {line} should be {expected}, and is \
     {actual}{hint}"
)]
pub(crate) struct Misfit {
    /// The file.
    pub path: String,
    /// Which of its hunks, from 1.
    pub hunk: usize,
    /// Its ranges: `@@ -1,3 +1,4 @@`.
    pub header: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// What the patch has there.
    pub expected: String,
    /// What the file has there.
    pub actual: String,
    /// What may help.
    pub hint: &'static str,
}

impl FilesError {
    /// What the way to a place, or opening it, came to.
    pub fn refused(path: impl Into<String>, refusal: Refusal) -> Self {
        match refusal {
            Refusal::System(errno) => Self::system(path, errno),
            Refusal::Denied(reason) => Self::Denied {
                path: path.into(),
                reason,
            },
        }
    }

    /// The system says no.
    pub fn system(path: impl Into<String>, errno: Errno) -> Self {
        Self::System {
            path: path.into(),
            source: errno.into(),
        }
    }

    /// The same for an error of the standard library.
    pub fn io(path: &str, error: &std::io::Error) -> Self {
        Self::System {
            path: path.to_owned(),
            source: match error.raw_os_error() {
                Some(number) => std::io::Error::from_raw_os_error(number),
                None => std::io::Error::new(error.kind(), error.to_string()),
            },
        }
    }
}
