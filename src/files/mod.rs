//! Files of granted folders: read, listed, searched and changed.
//!
//! ```text
//! Folders ── read      a part of a file, as text      ── kind   what a file is that is no text
//!    │       list      what is in a folder        ┐
//!    │       search    lines that match           ┴───── tree   down a folder, .gitignore minded
//!    │       write     one file, whole            ┐
//!    │       patch     several files, or none     ┴───── diff   what changes, as a unified diff
//!    └────── granted   the one way to a place
//! ```
//!
//! Invariants: every path goes through [`Folders`], and no further; only regular files and folders
//! are opened, and nothing waits for a pipe; a tree is walked without following a link; a file is
//! replaced whole or not at all, and by somebody who has seen what it was; whatever goes through
//! many bytes asks whether anybody still waits, and has a bound.
//!
//! Absent on purpose: whether it may be done (a policy was asked before), moving and removing
//! (but for what a patch removes), permissions, and git's own files: neither the exclude file of
//! a repository nor that of a user is read.

mod diff;
mod error;
mod kind;
mod list;
mod patch;
mod read;
mod search;
#[cfg(test)]
mod tests;
mod tree;
mod write;

use std::fs::File;
use std::io::Read as _;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, statat};
use rustix::io::Errno;

use crate::granted::{self, GrantError, Lost, Root, Spot, must_be_regular, open_regular};
use crate::protocol::Grant;

pub(crate) use error::FilesError;
pub(crate) use list::{Kind, ListRequest, Listed, list};
pub(crate) use patch::{Change, PatchRequest, Patched, patch, preview_patch};
pub(crate) use read::{Contents, ReadRequest, read};
pub(crate) use search::{SearchRequest, search};
pub(crate) use write::{WriteRequest, preview_write, write};

/// The largest file that is written or patched, in bytes.
pub(crate) const MAX_WRITTEN_BYTES: u64 = 8 << 20;
/// Bytes between two looks at whether anybody waits.
const PIECE_BYTES: usize = 64 << 10;

/// What may be done in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its files are read.
    Read,
    /// They are changed, too.
    Write,
}

/// The folders in which files are read and changed, held open; none, unless they are opened.
#[derive(Default)]
pub(crate) struct Folders {
    roots: Vec<Root>,
}

impl Folders {
    /// Opens folders, by absolute paths.
    ///
    /// # Errors
    /// If one of them is not there, or is one of companion's own.
    pub fn open(folders: impl IntoIterator<Item = (PathBuf, Access)>) -> Result<Self, GrantError> {
        granted::look();
        let mut roots = Vec::new();
        for (id, (path, access)) in (0..).zip(folders) {
            let grant = match access {
                Access::Read => Grant::Read { path },
                // What one call writes is bounded, and each call was allowed.
                Access::Write => Grant::Write {
                    path,
                    max_bytes: u64::MAX,
                },
            };
            roots.extend(Root::open(id, &grant)?);
        }
        Ok(Self { roots })
    }

    /// The bytes of a file, for those who know what to make of them.
    ///
    /// # Errors
    /// If it is in no open folder, is no regular file, is larger than that, or can't be read.
    pub fn bytes(
        &self,
        from: &Path,
        path: &str,
        max_bytes: u64,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<u8>, FilesError> {
        let spot = self.walk(from, path, Access::Read)?;
        let path = granted::shown(Path::new(path));
        let (file, _) = open(&spot).map_err(|refusal| FilesError::refused(&*path, refusal))?;
        read_whole(file, &path, max_bytes, is_cancelled)
    }

    /// Where a path leads; a link at its end is followed.
    fn walk(&self, from: &Path, path: &str, access: Access) -> Result<Spot<'_>, FilesError> {
        granted::look();
        let whole = if path.is_empty() {
            PathBuf::new()
        } else {
            from.join(path)
        };
        let spot = granted::walk(&self.roots, &whole, true, access == Access::Write);
        spot.map_err(|lost| {
            let path = granted::shown(Path::new(path));
            match lost {
                Lost::NotGranted => FilesError::Outside {
                    path,
                    folders: self.shown(),
                },
                Lost::ReadOnly => FilesError::ReadOnly { path },
                Lost::Refused(refusal) => FilesError::refused(path, refusal),
            }
        })
    }

    /// The folders, for a message.
    fn shown(&self) -> String {
        let paths = self.roots.iter().map(|root| granted::shown(&root.path));
        let paths: Vec<_> = paths.collect();
        if paths.is_empty() {
            "none are open".to_owned()
        } else {
            paths.join(", ")
        }
    }
}

/// What stands at a place, without opening it.
fn stat_of(spot: &Spot<'_>) -> Result<Stat, Errno> {
    let stat = match &spot.name {
        None => fstat(spot.folder())?,
        Some(name) => statat(spot.folder(), name, AtFlags::SYMLINK_NOFOLLOW)?,
    };
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    if spot.wants_folder && !is_folder {
        return Err(Errno::NOTDIR);
    }
    Ok(stat)
}

/// Opens the regular file at a place.
fn open(spot: &Spot<'_>) -> Result<(File, Stat), granted::Refusal> {
    must_be_regular(&stat_of(spot)?)?;
    open_in(spot.folder(), spot.name.as_deref().unwrap_or(".".as_ref()))
}

/// Opens a file that was looked at.
fn open_in(
    folder: BorrowedFd<'_>,
    name: &std::ffi::OsStr,
) -> Result<(File, Stat), granted::Refusal> {
    let (file, stat) = open_regular(folder, name, OFlags::RDONLY, Mode::empty())?;
    Ok((file.into(), stat))
}

/// Reads a file of bounded size to its end.
fn read_whole(
    mut file: impl std::io::Read,
    path: &str,
    max_bytes: u64,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<u8>, FilesError> {
    let mut bytes = Vec::new();
    loop {
        if is_cancelled() {
            return Err(FilesError::Cancelled);
        }
        let piece = (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut bytes);
        let read = piece.map_err(|error| FilesError::io(path, &error))?;
        // Its size is not asked for: it may be growing.
        if bytes.len() as u64 > max_bytes {
            return Err(FilesError::TooBig {
                path: path.to_owned(),
                max_bytes,
            });
        }
        if read == 0 {
            return Ok(bytes);
        }
    }
}

fn size_bytes(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}
