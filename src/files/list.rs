//! What is in a folder.

use std::ops::ControlFlow;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, readlinkat, statat};
use serde::Serialize;

use super::tree::{self, Entry, Scope};
use super::{Access, FilesError, Folders, size_bytes};
use crate::granted::shown;

/// Which of a folder.
pub(crate) struct ListRequest<'a> {
    /// Where a relative path starts; absolute.
    pub from: &'a Path,
    /// The folder.
    pub path: &'a str,
    /// A glob over the paths in it, or over names if it has no slash.
    pub pattern: Option<&'a str>,
    /// Folders in folders, at most; 1 is the folder itself.
    pub max_depth: u32,
    /// Entries, at most.
    pub max_entries: usize,
    /// Also what begins with a dot.
    pub hidden: bool,
    /// Also what a `.gitignore` names.
    pub ignored: bool,
}

/// What is in a folder.
#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    /// In the order of their names, a folder before what is in it.
    pub entries: Vec<Listed>,
    /// Whether these are all.
    pub is_whole: bool,
    /// Folders that could not be opened.
    pub closed_folders: u64,
}

/// An entry of a folder.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Listed {
    /// From where the folder's path began. Untrusted text.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Where a link leads. Untrusted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device: nothing that is opened.
    Other,
}

/// Lists a folder.
///
/// # Errors
/// If it is in no open folder, is none, or the pattern is none.
pub(crate) fn list(
    folders: &Folders,
    request: &ListRequest<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Listing, FilesError> {
    let glob = request.pattern.map(tree::glob).transpose()?;
    let path = shown(Path::new(request.path));
    let spot = folders.walk(request.from, request.path, Access::Read)?;
    let start = spot.enter();
    let start = start.map_err(|refusal| FilesError::refused(path, refusal))?;
    let mut entries = Vec::new();
    let mut each = |entry: &Entry<'_>| {
        if glob.as_ref().is_some_and(|glob| !glob.is_match(entry.path)) {
            return Ok(ControlFlow::Continue(()));
        }
        if entries.len() == request.max_entries {
            return Ok(ControlFlow::Break(()));
        }
        entries.push(listed(request.path, entry));
        Ok(ControlFlow::Continue(()))
    };
    let scope = Scope {
        max_depth: request.max_depth,
        hidden: request.hidden,
        ignored: request.ignored,
    };
    let walked = tree::walk(folders, start, scope, is_cancelled, &mut each)?;
    Ok(Listing {
        entries,
        is_whole: !walked.is_bounded && !walked.is_stopped,
        closed_folders: walked.closed,
    })
}

fn listed(asked: &str, entry: &Entry<'_>) -> Listed {
    let name = entry.name.as_os_str();
    let kind = match entry.kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    let stat = || statat(entry.folder, name, AtFlags::SYMLINK_NOFOLLOW).ok();
    let target = || readlinkat(entry.folder, name, Vec::new()).ok();
    Listed {
        path: tree::joined(asked, entry.path),
        kind,
        size_bytes: (kind == Kind::File)
            .then(stat)
            .flatten()
            .map(|stat| size_bytes(&stat)),
        target: (kind == Kind::Link)
            .then(target)
            .flatten()
            .map(|target| target.to_string_lossy().into_owned()),
    }
}
