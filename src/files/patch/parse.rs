//! What a patch says that it does.
//!
//! diffy reads it, and passes over what it does not know, as `patch` does. Here nothing is passed
//! over: what is not read is not applied, and nobody would know.

use std::path::{Component, Path};

use diffy::Hunk;
use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};
use serde::Serialize;

use super::apply::quoted;
use super::bad;
use crate::files::FilesError;
use crate::granted::shown;
use crate::panics;

/// The longest patch, in bytes.
const MAX_PATCH_BYTES: usize = 4 << 20;
/// Files in one patch.
const MAX_FILES: usize = 200;

/// What a patch does to one file.
pub(super) struct Plan<'p> {
    pub change: Change,
    /// In the folder of the patch, as it is written there.
    pub name: String,
    pub hunks: Vec<Hunk<'p, str>>,
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

/// Reads a patch and does something with what it plans.
pub(super) fn with_plans<T>(
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
            // Of no file: a remark, or a blank line between two.
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
            .all(|part| matches!(part, Component::Normal(_)));
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
