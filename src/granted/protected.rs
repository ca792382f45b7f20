//! Folders that no grant opens, however wide it is: companion's own. A program that may write to
//! the home folder must not be able to write the policy that it is judged by, nor read the
//! history.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folders of this process, and what they were found to be: device and inode, so that
/// another name for one is recognised.
static PROTECTED: Mutex<Protected> = Mutex::new(Protected {
    paths: Vec::new(),
    known: BTreeSet::new(),
});

struct Protected {
    paths: Vec<PathBuf>,
    known: BTreeSet<(u64, u64)>,
}

/// Closes folders to every grant of this process, from now on.
pub(crate) fn protect_folders(folders: impl IntoIterator<Item = PathBuf>) {
    let mut protected = PROTECTED.lock().unwrap_or_else(PoisonError::into_inner);
    for folder in folders {
        if !protected.paths.contains(&folder) {
            protected.paths.push(folder);
        }
    }
    protected.look();
}

/// Looks again at what the folders are: they may have been made in the meantime.
pub(crate) fn look() {
    PROTECTED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .look();
}

/// Whether a path without links is one of the folders, or below one.
pub(crate) fn is_inside(real: &Path) -> bool {
    let protected = PROTECTED.lock().unwrap_or_else(PoisonError::into_inner);
    protected.paths.iter().any(|path| real.starts_with(path))
}

/// Whether one of the folders is this path or below it: then it may not be moved away.
pub(crate) fn is_around(real: &Path) -> bool {
    let protected = PROTECTED.lock().unwrap_or_else(PoisonError::into_inner);
    protected.paths.iter().any(|path| path.starts_with(real))
}

/// Whether this is one of the folders, by whatever name it was reached.
pub(crate) fn is_one(stat: &rustix::fs::Stat) -> bool {
    let protected = PROTECTED.lock().unwrap_or_else(PoisonError::into_inner);
    protected.known.contains(&identity(stat))
}

impl Protected {
    fn look(&mut self) {
        for at in 0..self.paths.len() {
            // The real name too: the home folder may be reached through a link.
            if let Ok(real) = real_path(&self.paths[at])
                && !self.paths.contains(&real)
            {
                self.paths.push(real);
            }
        }
        for path in &self.paths {
            if let Ok(stat) = rustix::fs::stat(path) {
                self.known.insert(identity(&stat));
            }
        }
    }
}

/// The path without links, of which the last names need not be there.
fn real_path(path: &Path) -> std::io::Result<PathBuf> {
    match (std::fs::canonicalize(path), path.parent(), path.file_name()) {
        (Ok(real), ..) => Ok(real),
        (Err(_), Some(folder), Some(name)) => Ok(real_path(folder)?.join(name)),
        (Err(error), ..) => Err(error),
    }
}

#[expect(
    clippy::unnecessary_cast,
    reason = "the numbers have other types on other systems"
)]
fn identity(stat: &rustix::fs::Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}
