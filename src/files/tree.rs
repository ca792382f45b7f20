//! Down a folder: every entry once, in order, and no link followed.

use std::ffi::OsString;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};

use super::{Access, FilesError, Folders, open_in};
use crate::granted::{Folder, must_be_regular};

/// Folders in folders, at most: each is held open on the way down.
const MAX_DEPTH: u32 = 64;
/// Entries of one folder that are looked at.
const MAX_IN_FOLDER: usize = 100_000;
/// Entries of a whole tree that are looked at.
const MAX_ENTRIES: u64 = 1_000_000;
/// The largest `.gitignore` that is read, in bytes.
const MAX_IGNORE_BYTES: u64 = 64 << 10;
/// The longest glob, in bytes.
const MAX_GLOB_BYTES: usize = 1000;

/// What of a tree is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Folders in folders, at most; 1 is the folder itself.
    pub max_depth: u32,
    /// Also what begins with a dot.
    pub hidden: bool,
    /// Also what a `.gitignore` names.
    pub ignored: bool,
}

/// An entry on the way.
pub(super) struct Entry<'a> {
    /// The folder that it is in.
    pub folder: &'a Folder,
    /// Its name there.
    pub name: &'a OsString,
    /// Its path from where the walk began.
    pub path: &'a Path,
    /// What it is, itself: a link is a link.
    pub kind: FileType,
}

/// Whether all of a tree was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Walked {
    /// Folders that could not be opened.
    pub closed: u64,
    /// A bound of ours was met.
    pub is_bounded: bool,
    /// Whoever looks has seen enough.
    pub is_stopped: bool,
}

type Each<'a> = dyn FnMut(&Entry<'_>) -> Result<ControlFlow<()>, FilesError> + 'a;

struct Walk<'a, 'e> {
    scope: Scope,
    is_cancelled: &'a dyn Fn() -> bool,
    each: &'a mut Each<'e>,
    ignores: Vec<Gitignore>,
    seen: u64,
    walked: Walked,
}

/// Goes down a folder. A folder comes before what is in it, and names are in order.
pub(super) fn walk(
    folders: &Folders,
    start: Folder,
    scope: Scope,
    is_cancelled: &dyn Fn() -> bool,
    each: &mut Each<'_>,
) -> Result<Walked, FilesError> {
    let mut walk = Walk {
        scope: Scope {
            max_depth: scope.max_depth.min(MAX_DEPTH),
            ..scope
        },
        is_cancelled,
        each,
        ignores: Vec::new(),
        seen: 0,
        walked: Walked::default(),
    };
    if !scope.ignored {
        // Those above count, too, as far as they may be read.
        let above: Vec<_> = start.real.ancestors().skip(1).collect();
        for folder in above.into_iter().rev() {
            let Some(path) = folder.to_str() else {
                continue;
            };
            if let Ok(spot) = folders.walk(Path::new("/"), path, Access::Read)
                && let Ok(folder) = spot.enter()
            {
                walk.ignores.extend(ignore_of(&folder));
            }
        }
    }
    let mut path = PathBuf::new();
    let flow = walk.down(&start, &mut path, 1)?;
    walk.walked.is_stopped = flow.is_break() && !walk.walked.is_bounded;
    Ok(walk.walked)
}

impl Walk<'_, '_> {
    fn down(
        &mut self,
        folder: &Folder,
        path: &mut PathBuf,
        depth: u32,
    ) -> Result<ControlFlow<()>, FilesError> {
        let Some(names) = self.names(folder)? else {
            self.walked.closed += 1;
            return Ok(ControlFlow::Continue(()));
        };
        let own = if self.scope.ignored {
            None
        } else {
            ignore_of(folder)
        };
        let has_own = own.is_some();
        self.ignores.extend(own);
        let mut flow = ControlFlow::Continue(());
        for (name, kind) in names {
            let kind = match kind {
                FileType::Unknown => match statat(folder, &*name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                    Err(_) => continue,
                },
                kind => kind,
            };
            let is_folder = kind == FileType::Directory;
            if self.is_left_out(&folder.real.join(&name), &name, is_folder) {
                continue;
            }
            self.seen += 1;
            if self.seen > MAX_ENTRIES {
                self.walked.is_bounded = true;
                flow = ControlFlow::Break(());
                break;
            }
            if self.seen.is_multiple_of(64) && (self.is_cancelled)() {
                return Err(FilesError::Cancelled);
            }
            path.push(&name);
            let entry = Entry {
                folder,
                name: &name,
                path,
                kind,
            };
            flow = (self.each)(&entry)?;
            // Those of git are its own affair.
            if flow.is_continue() && is_folder && name != ".git" {
                if depth < self.scope.max_depth {
                    match folder.child(&name) {
                        Ok(child) => flow = self.down(&child, path, depth + 1)?,
                        Err(_) => self.walked.closed += 1,
                    }
                } else if depth == MAX_DEPTH {
                    self.walked.is_bounded = true;
                }
            }
            path.pop();
            if flow.is_break() {
                break;
            }
        }
        if has_own {
            self.ignores.pop();
        }
        Ok(flow)
    }

    /// The names in a folder, in order; `None` if it can't be listed.
    fn names(&mut self, folder: &Folder) -> Result<Option<Vec<(OsString, FileType)>>, FilesError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(list) = openat(folder, ".", flags, Mode::empty()) else {
            return Ok(None);
        };
        let Ok(entries) = Dir::read_from(&list) else {
            return Ok(None);
        };
        let mut names = Vec::new();
        for entry in entries {
            let Ok(entry) = entry else {
                self.walked.closed += 1;
                break;
            };
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." || (!self.scope.hidden && name.starts_with(b".")) {
                continue;
            }
            if names.len() == MAX_IN_FOLDER {
                self.walked.is_bounded = true;
                break;
            }
            if names.len().is_multiple_of(1000) && (self.is_cancelled)() {
                return Err(FilesError::Cancelled);
            }
            names.push((OsString::from_vec(name.to_vec()), entry.file_type()));
        }
        names.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Some(names))
    }

    fn is_left_out(&self, real: &Path, name: &OsString, is_folder: bool) -> bool {
        if self.scope.ignored {
            return false;
        }
        // The innermost file that says something has the last word.
        let words = self.ignores.iter().rev();
        let word = words
            .map(|ignore| ignore.matched(real, is_folder))
            .find(|word| !word.is_none());
        matches!(word, Some(Match::Ignore(_))) && name != ".gitignore"
    }
}

/// What the `.gitignore` of a folder says, if there is one.
fn ignore_of(folder: &Folder) -> Option<Gitignore> {
    let name = ".gitignore".as_ref();
    must_be_regular(&statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?).ok()?;
    let (file, _) = open_in(folder.as_fd(), name).ok()?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_IGNORE_BYTES).read_to_end(&mut bytes);
    read.ok()?;
    let mut builder = GitignoreBuilder::new(&folder.real);
    for line in String::from_utf8_lossy(&bytes).lines() {
        // A line that is no glob says nothing, as for git.
        let _ = builder.add_line(None, line);
    }
    let ignore = builder.build().ok()?;
    (!ignore.is_empty()).then_some(ignore)
}

/// A glob over paths; without a slash, over names.
///
/// # Errors
/// If it is none.
pub(super) fn glob(pattern: &str) -> Result<GlobMatcher, FilesError> {
    let wrong = |message: String| FilesError::Pattern {
        of: "glob",
        pattern: pattern.chars().take(100).collect(),
        message,
    };
    if pattern.len() > MAX_GLOB_BYTES {
        return Err(wrong(format!("it is over {MAX_GLOB_BYTES} bytes long")));
    }
    let anywhere = if pattern.contains('/') {
        pattern.trim_start_matches("./").to_owned()
    } else {
        format!("**/{pattern}")
    };
    let glob = GlobBuilder::new(&anywhere)
        .literal_separator(true)
        .build()
        .map_err(|error| wrong(error.kind().to_string()))?;
    Ok(glob.compile_matcher())
}

/// A path as it was asked for, and on from there.
pub(super) fn joined(asked: &str, path: &Path) -> String {
    let asked = asked.trim_start_matches("./");
    let whole = if asked == "." || asked.is_empty() {
        path.to_owned()
    } else {
        Path::new(asked).join(path)
    };
    whole.to_string_lossy().into_owned()
}
