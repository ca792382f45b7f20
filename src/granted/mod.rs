//! Granted files and folders: what is held of them, the one way in, and what stays closed.
//!
//! ```text
//! kernel::broker ──┬── roots      a path to a place, walled in
//! files ───────────┘    │
//!                      protected  companion's own folders
//! ```
//!
//! Invariants: a grant is held by descriptor from the moment it is given; nothing is opened
//! through a symbolic link; only regular files and folders are opened, so that nobody waits for a
//! device or a pipe.
//!
//! Absent on purpose: what is done with a file, and how much of it: those who are granted
//! something have their own bounds.

mod protected;
mod roots;

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use crate::protocol::Grant;

pub(crate) use protected::{is_around, look, protect_folders};
pub(crate) use roots::{Allowance, Folder, Lost, Root, Spot, walk};

/// A grant that can't be given.
#[derive(Debug, thiserror::Error)]
#[error("can't grant {grant}: {reason}")]
pub(crate) struct GrantError {
    /// Which.
    pub grant: Grant,
    reason: String,
}

impl GrantError {
    fn new(grant: &Grant, reason: String) -> Self {
        Self {
            grant: grant.clone(),
            reason,
        }
    }
}

/// Why something of a grant is not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The system says no.
    #[error("{0}")]
    System(#[from] Errno),
    /// We do, in words.
    #[error("{0}")]
    Denied(String),
}

/// Opens a regular file and nothing else, waits for nothing, and follows no link. What can be told
/// without opening it was looked at before: opening a device is an act in itself.
///
/// # Errors
/// If it is no regular file, or one of companion's own.
pub(crate) fn open_regular(
    folder: BorrowedFd<'_>,
    name: &OsStr,
    flags: OFlags,
    mode: Mode,
) -> Result<(OwnedFd, Stat), Refusal> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, mode)?;
    let stat = fstat(&file)?;
    must_be_regular(&stat)?;
    if protected::is_one(&stat) {
        return Err(Errno::ACCESS.into());
    }
    Ok((file, stat))
}

/// Whether it is a regular file.
///
/// # Errors
/// What it is instead.
pub(crate) fn must_be_regular(stat: &Stat) -> Result<(), Refusal> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => return Err(Errno::ISDIR.into()),
        // It was no link a moment ago.
        FileType::Symlink => return Err(Errno::LOOP.into()),
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "of a kind that is not known",
    };
    Err(Refusal::Denied(format!(
        "it is {kind}; only regular files can be opened"
    )))
}

/// A path for a message: whole words on one line, of bounded length.
pub(crate) fn shown(path: &Path) -> String {
    const MAX_CHARS: usize = 200;
    let text: String = path
        .to_string_lossy()
        .escape_debug()
        .take(MAX_CHARS)
        .collect();
    if text.contains(' ') {
        format!("'{text}'")
    } else {
        text
    }
}
