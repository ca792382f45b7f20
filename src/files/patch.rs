//! Several files changed by a unified diff, or none.
//!
//! A hunk may stand at other lines than it says, nearest first, and after the hunk before it; its
//! context and what it takes away must be in the file as they are in the patch, byte by byte.
//! diffy reads the patch; where a hunk goes is looked for here, because whoever wrote it wants to
//! know which line did not fit, and because a search that long must be stoppable.

use std::os::fd::AsFd as _;
use std::path::Path;

use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};
use diffy::{Hunk, Line};
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
use crate::panics;

/// The longest patch, in bytes.
pub(crate) const MAX_PATCH_BYTES: usize = 4 << 20;
/// Files in one patch.
const MAX_FILES: usize = 200;
/// Lines that are compared before anybody is asked whether to go on.
const LOOK_EVERY: usize = 100_000;
/// Lines that are compared in all: a hunk that fits nowhere is looked for everywhere.
const MAX_COMPARED: usize = 200_000_000;
/// The longest line in a message, in characters.
const MAX_SHOWN_CHARS: usize = 200;

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

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    /// It is new.
    Created,
    /// Its lines change.
    Modified,
    /// It goes.
    Deleted,
}

/// What a patch does to one file.
struct Plan<'p> {
    change: Change,
    /// In the folder of the patch, as it is written there.
    name: String,
    hunks: Vec<Hunk<'p, str>>,
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
        for plan in plans {
            ready(folders, request, plan, is_cancelled)?;
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
        let mut text = String::new();
        for plan in plans {
            let diff = match ready(folders, request, plan, is_cancelled)? {
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

/// Reads a patch and does something with what it plans.
fn with_plans<T>(
    text: &str,
    act: impl FnOnce(&[Plan<'_>]) -> Result<T, FilesError>,
) -> Result<T, FilesError> {
    if text.len() > MAX_PATCH_BYTES {
        return Err(bad(format!(
            "the patch is over {MAX_PATCH_BYTES} bytes, which is the most"
        )));
    }
    // Its last line is meant to be a whole one.
    let mut text = text.to_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let parsed = panics::contain(|| {
        let set = PatchSet::parse(&text, ParseOptions::unidiff());
        // One more than may be: then there are too many.
        set.take(MAX_FILES + 1).collect::<Result<Vec<_>, _>>()
    });
    let files = parsed
        .map_err(|message| bad(format!("the patch can't be read: {message}")))?
        .map_err(|error| bad(format!("the patch can't be read: {error}")))?;
    if files.len() > MAX_FILES {
        return Err(bad(format!("the patch has more than {MAX_FILES} files")));
    }
    let mut plans: Vec<Plan<'_>> = Vec::new();
    for file in &files {
        let hunks = file
            .patch()
            .as_text()
            .map_or(&[][..], |patch| patch.hunks());
        let plan = plan(file.operation(), hunks)?;
        if plans.iter().any(|other| other.name == plan.name) {
            return Err(bad(format!(
                "the patch has {} twice: put its hunks under one header",
                shown(Path::new(&plan.name))
            )));
        }
        plans.push(plan);
    }
    must_be_all(&text, &plans)?;
    act(&plans)
}

/// Whether anything in a patch was passed over: what is not read is not applied, and nobody
/// would know.
fn must_be_all(text: &str, plans: &[Plan<'_>]) -> Result<(), FilesError> {
    let (mut headers, mut gits) = (0, 0);
    for line in text.lines() {
        headers += usize::from(line.starts_with("@@"));
        gits += usize::from(line.starts_with("diff --git "));
        let unknown = [
            "rename from ",
            "copy from ",
            "GIT binary patch",
            "old mode ",
        ];
        if let Some(what) = unknown.iter().find(|what| line.starts_with(**what)) {
            return Err(bad(format!(
                "the patch has {:?}: only lines of text files can be changed, and whole files \
                 created and deleted",
                what.trim_end()
            )));
        }
    }
    let hunks: Vec<_> = plans.iter().flat_map(|plan| &plan.hunks).collect();
    if headers != hunks.len() {
        return Err(bad(format!(
            "the patch has {headers} lines that begin with @@, and {} hunks can be read: look for \
             lines between hunks that are neither context, - nor +",
            hunks.len()
        )));
    }
    // Behind a hunk that has all the lines that its header counts.
    let (mut left, mut is_behind, mut next) = (0, false, hunks.iter());
    for line in text.lines() {
        if line.starts_with("@@") {
            left = next.next().map_or(0, |hunk| hunk.lines().len());
            is_behind = true;
        } else if line.starts_with('\\') || (left == 0 && line.is_empty()) {
        } else if left > 0 {
            left -= 1;
        } else if ["--- ", "+++ "].iter().any(|start| line.starts_with(start)) || line == "-- " {
            is_behind = false;
        } else if is_behind && line.starts_with(['+', '-', ' ']) {
            return Err(bad(format!(
                "a hunk goes on after the lines that its @@ counts, with {}: correct the counts",
                quoted(Some(line.as_bytes()))
            )));
        } else {
            is_behind = false;
        }
    }
    if gits > 0 && gits != plans.len() {
        return Err(bad(format!(
            "the patch has {gits} files, and {} with --- and +++: the others have no lines to \
             change",
            plans.len()
        )));
    }
    Ok(())
}

fn plan<'p>(
    operation: &FileOperation<'_, str>,
    hunks: &'p [Hunk<'p, str>],
) -> Result<Plan<'p>, FilesError> {
    let (change, name) = match operation {
        FileOperation::Create(new) => (Change::Created, new.strip_prefix("b/").unwrap_or(new)),
        FileOperation::Delete(old) => (Change::Deleted, old.strip_prefix("a/").unwrap_or(old)),
        FileOperation::Modify { original, modified } => {
            let (old, new) = match (original.strip_prefix("a/"), modified.strip_prefix("b/")) {
                (Some(old), Some(new)) => (old, new),
                _ => (original.as_ref(), modified.as_ref()),
            };
            if old != new {
                return Err(bad(format!(
                    "the patch renames {} to {}: write the new file and delete the old one",
                    shown(Path::new(old)),
                    shown(Path::new(new))
                )));
            }
            (Change::Modified, old)
        }
        FileOperation::Rename { .. } | FileOperation::Copy { .. } => {
            return Err(bad("the patch renames or copies a file".to_owned()));
        }
    };
    let is_plain = !name.is_empty()
        && Path::new(name)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_plain {
        return Err(bad(format!(
            "{} leads out of the folder that is patched: names in a patch are relative, without ..",
            shown(Path::new(name))
        )));
    }
    if hunks.is_empty() && change == Change::Modified {
        return Err(bad(format!("{} has no hunks", shown(Path::new(name)))));
    }
    Ok(Plan {
        change,
        name: name.to_owned(),
        hunks: hunks.to_vec(),
    })
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
    let lines = plan.hunks.iter().flat_map(|hunk| hunk.lines());
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

/// The content with all hunks applied.
fn apply(
    path: &str,
    old: &[u8],
    hunks: &[Hunk<'_, str>],
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<u8>, FilesError> {
    let lines: Vec<&[u8]> = old.split_inclusive(|&byte| byte == b'\n').collect();
    let mut new = Vec::with_capacity(old.len());
    let mut place = Place {
        lines: &lines,
        next: 0,
        shift: 0,
        compared: 0,
        is_cancelled,
    };
    for (number, hunk) in (1..).zip(hunks) {
        let wanted: Vec<&[u8]> = hunk
            .lines()
            .iter()
            .filter_map(|line| match line {
                Line::Context(text) | Line::Delete(text) => Some(text.as_bytes()),
                Line::Insert(_) => None,
            })
            .collect();
        let at = match place.find(hunk, &wanted)? {
            Some(at) => at,
            None => {
                return Err(misfit(
                    path,
                    number,
                    hunk,
                    &lines,
                    place.said(hunk),
                    &wanted,
                ));
            }
        };
        let before = lines.get(place.next..at).unwrap_or_default();
        new.extend(before.iter().copied().flatten());
        let mut line_at = at;
        for line in hunk.lines() {
            match line {
                Line::Context(text) => {
                    new.extend_from_slice(text.as_bytes());
                    line_at += 1;
                }
                Line::Delete(_) => line_at += 1,
                Line::Insert(text) => {
                    // After a line without an end there is no next one.
                    if !new.is_empty() && !new.ends_with(b"\n") {
                        return Err(bad(format!(
                            "{path}: hunk {number} puts lines after a last line that has no \
                             newline: take that line away and put it back with one"
                        )));
                    }
                    new.extend_from_slice(text.as_bytes());
                }
            }
        }
        place.shift = at as isize - place.stated(hunk) as isize;
        place.next = line_at;
    }
    let rest = lines.get(place.next..).unwrap_or_default();
    if !rest.is_empty() && !new.is_empty() && !new.ends_with(b"\n") {
        return Err(bad(format!(
            "{path}: the patch leaves a line without a newline before other lines"
        )));
    }
    new.extend(rest.iter().copied().flatten());
    Ok(new)
}

/// Where hunks go.
struct Place<'a> {
    lines: &'a [&'a [u8]],
    /// The first line that no hunk has had.
    next: usize,
    /// How far the hunk before was from where it says.
    shift: isize,
    compared: usize,
    is_cancelled: &'a dyn Fn() -> bool,
}

impl Place<'_> {
    /// Where a hunk says that it is, from 0.
    fn stated(&self, hunk: &Hunk<'_, str>) -> usize {
        let range = hunk.old_range();
        // An empty range names the line before it.
        if range.is_empty() {
            range.start()
        } else {
            range.start().saturating_sub(1)
        }
    }

    /// The same after what the hunks before have told.
    fn said(&self, hunk: &Hunk<'_, str>) -> usize {
        let shifted = self.stated(hunk).saturating_add_signed(self.shift);
        shifted.clamp(self.next, self.lines.len().max(self.next))
    }

    /// Where it fits, nearest first.
    fn find(
        &mut self,
        hunk: &Hunk<'_, str>,
        wanted: &[&[u8]],
    ) -> Result<Option<usize>, FilesError> {
        let said = self.said(hunk);
        if wanted.is_empty() {
            // Nothing tells where it belongs but its number.
            return Ok((said == self.stated(hunk) || self.shift != 0).then_some(said));
        }
        let Some(last) = self.lines.len().checked_sub(wanted.len()) else {
            return Ok(None);
        };
        for distance in 0..=self.lines.len() {
            let before = said
                .checked_sub(distance)
                .filter(|&at| at >= self.next && at <= last);
            let after = (distance > 0)
                .then(|| said + distance)
                .filter(|&at| at <= last);
            for at in [before, after].into_iter().flatten() {
                if self.fits(at, wanted)? {
                    return Ok(Some(at));
                }
            }
        }
        Ok(None)
    }

    fn fits(&mut self, at: usize, wanted: &[&[u8]]) -> Result<bool, FilesError> {
        let there = self.lines.get(at..at + wanted.len()).unwrap_or_default();
        let same = there.iter().zip(wanted).take_while(|(a, b)| a == b).count();
        let before = self.compared;
        self.compared += same + 1;
        if before / LOOK_EVERY != self.compared / LOOK_EVERY && (self.is_cancelled)() {
            return Err(FilesError::Cancelled);
        }
        if self.compared > MAX_COMPARED {
            return Err(bad(
                "the patch has too many hunks that are not where they say".to_owned(),
            ));
        }
        Ok(same == wanted.len() && there.len() == wanted.len())
    }
}

/// What to say of a hunk that fits nowhere: the first line that differs where it says it is.
fn misfit(
    path: &str,
    number: usize,
    hunk: &Hunk<'_, str>,
    lines: &[&[u8]],
    at: usize,
    wanted: &[&[u8]],
) -> FilesError {
    if wanted.is_empty() {
        return bad(format!(
            "{path}: hunk {number} adds lines after line {}, and the file has {} lines",
            hunk.old_range().start(),
            lines.len()
        ));
    }
    let same = wanted
        .iter()
        .enumerate()
        .take_while(|(offset, line)| lines.get(at + offset) == Some(*line))
        .count();
    let (expected, actual) = (wanted.get(same), lines.get(at + same));
    let bare = |line: &[u8]| line.trim_ascii_end().to_vec();
    let hint = match (expected, actual) {
        (Some(expected), Some(actual)) if bare(expected) == bare(actual) => {
            if actual.ends_with(b"\r\n") != expected.ends_with(b"\r\n") {
                " (the lines end otherwise: one has \\r\\n)"
            } else {
                " (they differ in blanks or the newline at the end)"
            }
        }
        _ => "",
    };
    let (old, new) = (hunk.old_range(), hunk.new_range());
    FilesError::DoesNotFit {
        path: path.to_owned(),
        hunk: number,
        header: format!(
            "@@ -{},{} +{},{} @@",
            old.start(),
            old.len(),
            new.start(),
            new.len()
        ),
        line: at + same + 1,
        expected: quoted(expected.copied()),
        actual: quoted(actual.copied()),
        hint,
    }
}

fn quoted(line: Option<&[u8]>) -> String {
    let Some(line) = line else {
        return "the end of the file".to_owned();
    };
    let text = String::from_utf8_lossy(line);
    let mut chars = text.chars();
    let short: String = chars.by_ref().take(MAX_SHOWN_CHARS).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("{short:?}{more}")
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
