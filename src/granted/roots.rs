//! Granted files and folders, and the one way from a path to a place below them.
//!
//! A path is walked name by name, from a folder that is held open, and no name is ever opened
//! through a symbolic link: links are read, and where they lead is looked up among the grants
//! again, as if it had been asked for. So a link that stays inside works, absolute ones too, one
//! that leads out is refused, and a link that is swapped in while we walk is not followed. `..`
//! goes back along the folders that were walked. This does by hand what
//! `openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)` does: that call would refuse absolute links
//! that stay inside, does not exist on older systems, and gives no folder to rename in.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::{GrantError, Refusal, protected};
use crate::protocol::Grant;

/// Links and steps back out of a grant in one path, as Linux has it.
const MAX_JUMPS: usize = 40;

/// How a folder is held: for what is in it, not for its list.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FOLDER: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A granted file or folder.
pub(crate) struct Root {
    /// Tells it from others; stays when grants are set anew.
    pub id: u32,
    /// As it was granted.
    pub path: PathBuf,
    /// Without links, at the time of the grant.
    real: PathBuf,
    place: Place,
    /// What may be written; `None` is a grant to read.
    pub allowance: Option<Allowance>,
}

/// What a grant to write has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// In all.
    pub max_bytes: u64,
    /// So far.
    pub written_bytes: u64,
    /// Files and folders that were made.
    pub created: u64,
}

/// What is held of a root.
enum Place {
    /// The folder itself: what its path leads to later does not matter.
    Folder(OwnedFd),
    /// A file, or what is not there yet: the folder that it is in, and its name there.
    Entry { folder: OwnedFd, name: OsString },
}

/// Where a path leads.
pub(crate) struct Spot<'a> {
    /// The grant that it is under: where it stands among them, …
    pub root: usize,
    /// … and [`Root::id`].
    pub root_id: u32,
    folder: Held<'a>,
    /// The name in the folder; `None` is the granted folder itself.
    pub name: Option<OsString>,
    /// The path without links.
    pub real: PathBuf,
    /// The path ended with a slash.
    pub wants_folder: bool,
}

enum Held<'a> {
    Root(BorrowedFd<'a>),
    Walked(OwnedFd),
}

impl Spot<'_> {
    /// The folder in which the name stands.
    pub fn folder(&self) -> BorrowedFd<'_> {
        match &self.folder {
            Held::Root(folder) => *folder,
            Held::Walked(folder) => folder.as_fd(),
        }
    }

    /// The folder that stands here, held.
    ///
    /// # Errors
    /// If it is none, or closed.
    pub fn enter(&self) -> Result<Folder, Refusal> {
        Folder::enter(
            self.folder(),
            self.name.as_deref().unwrap_or(".".as_ref()),
            self.real.clone(),
        )
    }
}

/// A folder of a grant, held open: those who go through whole trees walk down from one.
pub(crate) struct Folder {
    held: OwnedFd,
    /// Its path without links.
    pub real: PathBuf,
}

impl Folder {
    fn enter(above: BorrowedFd<'_>, name: &OsStr, real: PathBuf) -> Result<Self, Refusal> {
        if protected::is_inside(&real) {
            return Err(own_files());
        }
        let held = enter(above, name)?;
        Ok(Self { held, real })
    }

    /// A folder in it, which is no link.
    ///
    /// # Errors
    /// If it is none, or closed.
    pub fn child(&self, name: &OsStr) -> Result<Self, Refusal> {
        Self::enter(self.held.as_fd(), name, self.real.join(name))
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.held.as_fd()
    }
}

impl Root {
    /// Opens what a grant names.
    pub fn open(id: u32, grant: &Grant) -> Result<Option<Self>, GrantError> {
        let (path, allowance) = match grant {
            Grant::Read { path } => (path, None),
            Grant::Write { path, max_bytes } => {
                let allowance = Allowance {
                    max_bytes: *max_bytes,
                    written_bytes: 0,
                    created: 0,
                };
                (path, Some(allowance))
            }
            Grant::Net { .. } | Grant::Env { .. } => return Ok(None),
        };
        let wrong = |reason: String| GrantError::new(grant, reason);
        if !path.is_absolute() {
            return Err(wrong("the path is not absolute".to_owned()));
        }
        let (real, place) = match std::fs::canonicalize(path) {
            Ok(real) => {
                let metadata =
                    std::fs::symlink_metadata(&real).map_err(|error| wrong(error.to_string()))?;
                let place = if metadata.is_dir() {
                    Place::Folder(hold(&real).map_err(|error| wrong(error.to_string()))?)
                } else if metadata.is_file() {
                    entry(&real).map_err(|error| wrong(error.to_string()))?
                } else {
                    return Err(wrong("it is no regular file and no folder".to_owned()));
                };
                (real, place)
            }
            // What will be written need not be there yet, but its folder must.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && allowance.is_some() => {
                let folder = path.parent().unwrap_or(Path::new("/"));
                let folder = std::fs::canonicalize(folder)
                    .map_err(|error| wrong(format!("{}: {error}", folder.display())))?;
                let name = path
                    .file_name()
                    .ok_or_else(|| wrong("the path ends in ..".to_owned()))?;
                let real = folder.join(name);
                if std::fs::symlink_metadata(&real).is_ok() {
                    return Err(wrong("it is a symbolic link that leads nowhere".to_owned()));
                }
                let place = entry(&real).map_err(|error| wrong(error.to_string()))?;
                (real, place)
            }
            Err(error) => return Err(wrong(error.to_string())),
        };
        if protected::is_inside(&real) {
            return Err(wrong(
                "companion keeps its own files there, and does not hand them out".to_owned(),
            ));
        }
        let (folder, is_folder) = match &place {
            Place::Folder(folder) => (folder, true),
            Place::Entry { folder, .. } => (folder, false),
        };
        if is_proc(folder.as_fd()) && (is_folder || real.parent() != Some(Path::new("/proc"))) {
            return Err(wrong(
                "it shows companion's own process; grant single files of /proc, such as \
                 /proc/cpuinfo"
                    .to_owned(),
            ));
        }
        Ok(Some(Self {
            id,
            path: path.clone(),
            real,
            place,
            allowance,
        }))
    }

    /// Whether this is what a grant names. A grant to write stays the same with another cap.
    pub fn is_of(&self, grant: &Grant) -> bool {
        match grant {
            Grant::Read { path } => self.allowance.is_none() && self.path == *path,
            Grant::Write { path, .. } => self.allowance.is_some() && self.path == *path,
            Grant::Net { .. } | Grant::Env { .. } => false,
        }
    }

    /// The working folder that this can be, if it is a folder.
    pub fn as_cwd(&self) -> Option<&Path> {
        let is_plain = !self
            .path
            .components()
            .any(|part| part == Component::ParentDir);
        let path = if is_plain { &self.path } else { &self.real };
        matches!(self.place, Place::Folder(_)).then_some(path.as_path())
    }

    /// How many names a path shares with this root, if it is this root or below it.
    fn depth_in(&self, names: &[Name<'_>]) -> Option<usize> {
        [&self.path, &self.real]
            .into_iter()
            .filter_map(|path| {
                let own = lexical(&split(path));
                names.starts_with(&own).then_some(own.len())
            })
            .max()
    }

    /// Whether the path is a folder on the way to this root.
    pub fn is_below(&self, path: &Path) -> bool {
        let names = split(path);
        let names = lexical(&names);
        [&self.path, &self.real].into_iter().any(|path| {
            let own = split(path);
            let own = lexical(&own);
            own.len() > names.len() && own.starts_with(&names)
        })
    }
}

/// Why a path leads nowhere.
pub(crate) enum Lost {
    /// No grant covers it.
    NotGranted,
    /// The grant that covers it is only to read.
    ReadOnly,
    /// The system, or the way there, says no.
    Refused(Refusal),
}

impl From<Errno> for Lost {
    fn from(errno: Errno) -> Self {
        Self::Refused(Refusal::System(errno))
    }
}

impl From<Refusal> for Lost {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Walks an absolute path to its place. A link at its end is followed if `follows`.
pub(crate) fn walk<'a>(
    roots: &'a [Root],
    path: &Path,
    follows: bool,
    writes: bool,
) -> Result<Spot<'a>, Lost> {
    let mut path = path.to_owned();
    let mut wants_folder = ends_in_slash(&path);
    if path.as_os_str().is_empty() {
        return Err(Errno::NOENT.into());
    }
    if path.as_os_str().as_bytes().contains(&0) {
        return Err(Errno::INVAL.into());
    }
    for _ in 0..MAX_JUMPS {
        match step(roots, &path, follows || wants_folder, writes)? {
            Step::There(mut spot) => {
                spot.wants_folder |= wants_folder;
                return Ok(spot);
            }
            Step::Jump(to) => {
                wants_folder |= ends_in_slash(&to);
                path = to;
            }
        }
    }
    Err(Errno::LOOP.into())
}

/// Opens a folder in a folder, for what is in it.
fn enter(folder: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Refusal> {
    let inner = openat(folder, name, FOLDER, Mode::empty())?;
    if protected::is_one(&fstat(&inner)?) {
        return Err(own_files());
    }
    if is_proc(inner.as_fd()) {
        return Err(Refusal::Denied(
            "/proc shows companion's own process, and is closed".to_owned(),
        ));
    }
    Ok(inner)
}

enum Step<'a> {
    There(Spot<'a>),
    Jump(PathBuf),
}

/// Walks until the end or the first link.
fn step<'a>(roots: &'a [Root], path: &Path, follows: bool, writes: bool) -> Result<Step<'a>, Lost> {
    let names = split(path);
    let (index, rest) = find(roots, &names, writes)?;
    let root = &roots[index];
    let mut todo: VecDeque<Name<'_>> = rest.into();
    let mut walked: Vec<(OwnedFd, OsString)> = Vec::new();
    let (base, mut real) = match &root.place {
        Place::Folder(folder) => (folder.as_fd(), root.real.clone()),
        Place::Entry { folder, name } => {
            todo.push_front(Name::Down(name));
            let above = root.real.parent().unwrap_or(Path::new("/"));
            (folder.as_fd(), above.to_owned())
        }
    };
    let is_entry = matches!(root.place, Place::Entry { .. });
    while let Some(name) = todo.pop_front() {
        let name = match name {
            Name::Down(name) => name,
            Name::Up => {
                // At the entry of a file's grant one step up is out of the grant already.
                if walked.len() > usize::from(is_entry) {
                    walked.pop();
                    real.pop();
                    continue;
                }
                let mut out = root.real.parent().unwrap_or(Path::new("/")).to_owned();
                append(&mut out, &todo);
                return Ok(Step::Jump(out));
            }
        };
        let top = walked.last().map_or(base, |(folder, _)| folder.as_fd());
        let is_last = todo.is_empty();
        if !is_last || follows {
            match readlinkat(top, name, Vec::new()) {
                Ok(target) => {
                    let mut to = real.clone();
                    to.push(OsStr::from_bytes(target.to_bytes()));
                    append(&mut to, &todo);
                    return Ok(Step::Jump(to));
                }
                Err(Errno::INVAL) => {}
                // The last name may be about to be made.
                Err(Errno::NOENT) if is_last => {}
                Err(error) => return Err(error.into()),
            }
        }
        real.push(name);
        if protected::is_inside(&real) {
            return Err(own_files().into());
        }
        if is_last {
            if let Ok(stat) = statat(top, name, AtFlags::SYMLINK_NOFOLLOW)
                && protected::is_one(&stat)
            {
                return Err(own_files().into());
            }
            let name = Some(name.to_owned());
            let folder = match walked.pop() {
                Some((folder, _)) => Held::Walked(folder),
                None => Held::Root(base),
            };
            return Ok(Step::There(Spot {
                root: index,
                root_id: root.id,
                folder,
                name,
                real,
                wants_folder: false,
            }));
        }
        walked.push((enter(top, name)?, name.to_owned()));
    }
    // The path ended in `..`, or there was nothing to walk.
    let (folder, name) = match walked.pop() {
        Some((_, name)) => match walked.pop() {
            Some((folder, _)) => (Held::Walked(folder), Some(name)),
            None => (Held::Root(base), Some(name)),
        },
        None => (Held::Root(base), None),
    };
    Ok(Step::There(Spot {
        root: index,
        root_id: root.id,
        folder,
        name,
        real,
        wants_folder: true,
    }))
}

/// The grant that covers a path most closely, and the names that are left.
fn find<'n>(
    roots: &[Root],
    names: &[Name<'n>],
    writes: bool,
) -> Result<(usize, Vec<Name<'n>>), Lost> {
    let closest = |names: &[Name<'n>], writes: bool| {
        roots
            .iter()
            .enumerate()
            .filter(|(_, root)| !writes || root.allowance.is_some())
            .filter_map(|(index, root)| Some((root.depth_in(names)?, index)))
            .max_by_key(|&(depth, index)| (depth, std::cmp::Reverse(index)))
            .map(|(depth, index)| (index, names[depth..].to_vec()))
    };
    // A name may be a link, so `..` behind it is not the folder that the text suggests: the text
    // is only asked where no grant begins the path as it stands.
    let plain = lexical(names);
    if let Some(found) = closest(names, writes).or_else(|| closest(&plain, writes)) {
        return Ok(found);
    }
    let is_readable =
        writes && (closest(names, false).or_else(|| closest(&plain, false))).is_some();
    Err(if is_readable {
        Lost::ReadOnly
    } else {
        Lost::NotGranted
    })
}

/// One step of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name<'n> {
    Down(&'n OsStr),
    Up,
}

fn split(path: &Path) -> Vec<Name<'_>> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(Name::Down(name)),
            Component::ParentDir => Some(Name::Up),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

/// Without `..`, as the text suggests.
fn lexical<'n>(names: &[Name<'n>]) -> Vec<Name<'n>> {
    let mut plain = Vec::new();
    for &name in names {
        match name {
            Name::Down(_) => plain.push(name),
            Name::Up => drop(plain.pop()),
        }
    }
    plain
}

fn append(path: &mut PathBuf, names: &VecDeque<Name<'_>>) {
    for name in names {
        match name {
            Name::Down(name) => path.push(name),
            Name::Up => path.push(".."),
        }
    }
}

fn ends_in_slash(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    bytes.ends_with(b"/") || bytes.ends_with(b"/.")
}

fn hold(folder: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(folder, FOLDER, Mode::empty())
}

fn entry(real: &Path) -> rustix::io::Result<Place> {
    let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else {
        return Err(Errno::INVAL);
    };
    Ok(Place::Entry {
        folder: hold(folder)?,
        name: name.to_owned(),
    })
}

/// Whether a folder shows processes: there, reading "self" would read the broker.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_proc(folder: BorrowedFd<'_>) -> bool {
    rustix::fs::fstatfs(folder).is_ok_and(|fs| fs.f_type == rustix::fs::PROC_SUPER_MAGIC)
}
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_proc(_folder: BorrowedFd<'_>) -> bool {
    false
}

fn own_files() -> Refusal {
    Refusal::Denied("companion's own files are never granted".to_owned())
}
