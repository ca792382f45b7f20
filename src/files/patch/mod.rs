//! Several files changed by a unified diff, or none.
//!
//! A hunk may stand at other lines than it says, nearest first, and after the hunk before it; its
//! context and what it takes away must be in the file as they are in the patch, byte by byte.

mod apply;
mod parse;

use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use diffy::Line;
use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;
use serde::Serialize;

use super::diff::{bound, diff};
use super::write::{
    Seen, commit, create_folders, mode_of, must_be_as_seen, must_fit, name_of, see,
};
use super::{Access, FilesError, Folders};
use crate::atomic::{Clash, Staged, sync_held_folder};
use crate::granted::{Spot, shown};
use apply::apply;
use parse::{Plan, with_plans};

pub(crate) use parse::Change;

/// A patch, and where.
pub(crate) struct PatchRequest<'a> {
    /// Where `path` starts, if it is relative; absolute.
    pub from: &'a Path,
    /// The folder that the names in the patch start from. None leads out of it.
    pub path: &'a str,
    /// The unified diff.
    pub patch: &'a str,
}

/// A file that was patched.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Patched {
    /// From where the folder's path began.
    pub path: String,
    /// What became of it.
    pub change: Change,
    /// Lines that are new.
    pub added: u64,
    /// Lines that are gone.
    pub removed: u64,
}

/// A file that fits its plan.
struct Ready<'f> {
    told: Patched,
    path: String,
    spot: Spot<'f>,
    seen: Option<Seen>,
    /// What will be in it; `None` if it goes.
    content: Option<Vec<u8>>,
}

/// Applies a patch to all the files that it names.
///
/// # Errors
/// If it does not fit: then nothing is written.
pub(crate) fn patch(
    folders: &Folders,
    request: &PatchRequest<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Patched>, FilesError> {
    with_plans(request.patch, |plans| {
        // Twice, because the folders of new files are made in between: nothing is written before
        // all fits.
        let mut reals = Vec::new();
        for plan in plans {
            let found = ready(folders, request, plan, is_cancelled)?;
            must_be_another(&found, &mut reals)?;
        }
        for plan in plans {
            let path = request.path_of(plan);
            if plan.change == Change::Created
                && let Some(folder) = Path::new(&path).parent()
            {
                create_folders(folders, request.from, folder)?;
            }
        }
        let mut all = Vec::new();
        for plan in plans {
            match ready(folders, request, plan, is_cancelled)? {
                Found::Ready(ready) => all.push(*ready),
                Found::New(_) => {
                    return Err(FilesError::system(
                        shown(Path::new(&request.path_of(plan))),
                        Errno::NOENT,
                    ));
                }
            }
        }
        carry_out(&all)?;
        Ok(all.into_iter().map(|ready| ready.told).collect())
    })
}

/// The diff of what [`patch`] would change: as it would be, not as the patch has it.
///
/// # Errors
/// Why it would change nothing.
pub(crate) fn preview_patch(
    folders: &Folders,
    request: &PatchRequest<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<String, FilesError> {
    with_plans(request.patch, |plans| {
        let (mut text, mut reals) = (String::new(), Vec::new());
        for plan in plans {
            let found = ready(folders, request, plan, is_cancelled)?;
            must_be_another(&found, &mut reals)?;
            let diff = match found {
                Found::Ready(ready) => {
                    let old = ready.seen.as_ref().map(|seen| seen.bytes.as_slice());
                    diff(&ready.told.path, old, ready.content.as_deref())
                }
                Found::New(content) => diff(&request.path_of(plan), None, Some(&content)),
            };
            text.push_str(&diff.text);
        }
        Ok(bound(text).0)
    })
}

impl PatchRequest<'_> {
    /// Where a file of the patch is.
    fn path_of(&self, plan: &Plan<'_>) -> String {
        let folder = self.path.trim_start_matches("./");
        if folder.is_empty() || folder == "." {
            plan.name.clone()
        } else {
            let path = Path::new(folder).join(&plan.name);
            path.to_string_lossy().into_owned()
        }
    }
}

/// What a plan comes to.
enum Found<'f> {
    /// It can be carried out.
    Ready(Box<Ready<'f>>),
    /// It is a new file, in a folder that is not there yet.
    New(Vec<u8>),
}

/// Applies the hunks of one file, on paper.
fn ready<'f>(
    folders: &'f Folders,
    request: &PatchRequest<'_>,
    plan: &Plan<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Found<'f>, FilesError> {
    let whole = request.path_of(plan);
    let path = shown(Path::new(&whole));
    let spot = match folders.walk(request.from, &whole, Access::Write) {
        Ok(spot) => Some(spot),
        Err(FilesError::System { source, .. })
            if plan.change == Change::Created && source.kind() == std::io::ErrorKind::NotFound =>
        {
            None
        }
        Err(error) => return Err(error),
    };
    let seen = match &spot {
        Some(spot) => {
            must_be_below(folders, request, spot, &path)?;
            name_of(spot, &path)?;
            see(spot, &path, is_cancelled)?
        }
        None => None,
    };
    let old = match (plan.change, &seen) {
        (Change::Created, Some(_)) => {
            return Err(bad(format!(
                "the patch creates {path}, and it is there already"
            )));
        }
        (Change::Modified | Change::Deleted, None) => {
            return Err(bad(format!(
                "the patch changes {path}, and it is not there"
            )));
        }
        (Change::Created, None) => &[][..],
        (_, Some(seen)) => &seen.bytes,
    };
    let new = apply(&path, old, &plan.hunks, is_cancelled)?;
    if plan.change == Change::Deleted && !new.is_empty() {
        return Err(bad(format!(
            "the patch deletes {path}, and there are lines in it that the patch does not have"
        )));
    }
    must_fit(&path, &new)?;
    let Some(spot) = spot else {
        return Ok(Found::New(new));
    };
    let lines = plan.hunks.iter().flat_map(diffy::Hunk::lines);
    let (mut added, mut removed) = (0, 0);
    for line in lines {
        added += u64::from(matches!(line, Line::Insert(_)));
        removed += u64::from(matches!(line, Line::Delete(_)));
    }
    Ok(Found::Ready(Box::new(Ready {
        told: Patched {
            path: whole,
            change: plan.change,
            added,
            removed,
        },
        path,
        spot,
        seen,
        content: (plan.change != Change::Deleted).then_some(new),
    })))
}

/// Whether no file before was the same one, by another name.
fn must_be_another(found: &Found<'_>, reals: &mut Vec<PathBuf>) -> Result<(), FilesError> {
    let Found::Ready(ready) = found else {
        return Ok(());
    };
    if reals.contains(&ready.spot.real) {
        return Err(bad(format!(
            "{} is another name of a file that the patch has already",
            ready.path
        )));
    }
    reals.push(ready.spot.real.clone());
    Ok(())
}

/// Whether a file is below the folder that is patched, links followed: that folder is what a
/// policy has looked at.
fn must_be_below(
    folders: &Folders,
    request: &PatchRequest<'_>,
    spot: &Spot<'_>,
    path: &str,
) -> Result<(), FilesError> {
    let folder = folders.walk(request.from, request.path, Access::Read)?;
    if spot.real.starts_with(&folder.real) {
        Ok(())
    } else {
        Err(bad(format!(
            "{path} leads out of the folder that is patched, by a link"
        )))
    }
}

/// Writes all the files: first to the disk, then, one by one, to their names.
fn carry_out(all: &[Ready<'_>]) -> Result<(), FilesError> {
    let mut staged = Vec::new();
    for ready in all {
        staged.push(match &ready.content {
            Some(content) => {
                let mode = ready.seen.as_ref().map(|seen| mode_of(&seen.stat));
                let file = Staged::new(ready.spot.folder(), content, mode);
                Some(file.map_err(|error| FilesError::io(&ready.path, &error))?)
            }
            None => None,
        });
    }
    for ready in all {
        if let Some(seen) = &ready.seen {
            must_be_as_seen(&ready.spot, &ready.path, seen)?;
        }
    }
    for (done, (ready, staged)) in all.iter().zip(staged).enumerate() {
        let result = match (staged, &ready.seen) {
            (Some(staged), seen) => {
                let name = name_of(&ready.spot, &ready.path)?;
                commit(staged, &ready.spot, name, &ready.path, seen.as_ref())
            }
            (None, Some(seen)) => remove(ready, seen),
            (None, None) => Ok(()),
        };
        if let Err(error) = result {
            return Err(undone(
                error,
                &ready.path,
                all.get(..done).unwrap_or_default(),
            ));
        }
    }
    Ok(())
}

fn remove(ready: &Ready<'_>, seen: &Seen) -> Result<(), FilesError> {
    must_be_as_seen(&ready.spot, &ready.path, seen)?;
    let name = name_of(&ready.spot, &ready.path)?;
    let folder = ready.spot.folder();
    unlinkat(folder, name, AtFlags::empty())
        .map_err(|errno| FilesError::system(&*ready.path, errno))?;
    sync_held_folder(folder.as_fd()).map_err(|error| FilesError::io(&ready.path, &error))
}

/// Takes back what was done, and says how that went.
fn undone(error: FilesError, path: &str, done: &[Ready<'_>]) -> FilesError {
    if done.is_empty() {
        return error;
    }
    let mut left = Vec::new();
    for ready in done.iter().rev() {
        let restored = restore(ready);
        if restored.is_err() {
            left.push(ready.path.as_str());
        }
    }
    let undone = if left.is_empty() {
        "the files before it are as they were".to_owned()
    } else {
        format!("and these stay changed: {}", left.join(", "))
    };
    FilesError::HalfWay {
        path: path.to_owned(),
        source: std::io::Error::other(error.to_string()),
        undone,
    }
}

fn restore(ready: &Ready<'_>) -> Result<(), FilesError> {
    let name = name_of(&ready.spot, &ready.path)?;
    let folder = ready.spot.folder();
    match &ready.seen {
        Some(seen) => Staged::new(folder, &seen.bytes, Some(mode_of(&seen.stat)))
            .and_then(|staged| {
                let clash = if ready.content.is_some() {
                    Clash::Replace
                } else {
                    Clash::Fail
                };
                staged.commit(name, clash)
            })
            .map_err(|error| FilesError::io(&ready.path, &error)),
        None => unlinkat(folder, name, AtFlags::empty())
            .map_err(|errno| FilesError::system(&*ready.path, errno)),
    }
}

fn bad(message: String) -> FilesError {
    FilesError::BadPatch { message }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_done_before_a_failure_is_taken_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["one", "gone", "two"] {
            fs::write(at(name), format!("{name}\n")).expect("a file");
        }
        let open = [(folder.path().to_owned(), Access::Write)];
        let folders = Folders::open(open).expect("it is there");
        let patch = "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+new\n\
                     --- a/one\n+++ b/one\n@@ -1 +1 @@\n-one\n+1\n\
                     --- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n\
                     --- a/two\n+++ b/two\n@@ -1 +1 @@\n-two\n+2\n";
        let request = PatchRequest {
            from: folder.path(),
            path: ".",
            patch,
        };
        let error = with_plans(patch, |plans| {
            let mut all = Vec::new();
            for plan in plans {
                if let Found::Ready(ready) = ready(&folders, &request, plan, &|| false)? {
                    all.push(*ready);
                }
            }
            // The last one is taken for new, and has a name that is taken.
            if let Some(last) = all.last_mut() {
                last.seen = None;
            }
            carry_out(&all)
        });
        let error = error.expect_err("the name is taken").to_string();
        assert!(
            error.ends_with("the files before it are as they were"),
            "{error}"
        );
        let read = |name: &str| fs::read_to_string(at(name)).expect("it is there");
        assert_eq!(
            (read("one"), read("gone")),
            ("one\n".to_owned(), "gone\n".to_owned())
        );
        assert!(!at("new").exists());
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 3);
    }
}
