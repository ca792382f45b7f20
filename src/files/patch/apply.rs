//! Where hunks go, and what a file is after them.
//!
//! Not diffy's own: whoever wrote a patch wants to know which line did not fit, and a search that
//! can be made long must be stoppable.

use diffy::{Hunk, Line};

use super::bad;
use crate::files::FilesError;
use crate::files::error::Misfit;

/// Lines that are compared before anybody is asked whether to go on.
const LOOK_EVERY: usize = 100_000;
/// Lines that are compared in all: a hunk that fits nowhere is looked for everywhere.
const MAX_COMPARED: usize = 200_000_000;
/// No file has more lines; a patch may say so.
const MAX_LINES: usize = 1 << 40;
/// The longest line in a message, in characters.
const MAX_SHOWN_CHARS: usize = 200;

/// The content with all hunks applied.
pub(super) fn apply(
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
        let Some(at) = place.find(hunk, &wanted)? else {
            let at = place.said(hunk);
            return Err(misfit(path, number, hunk, &lines, at, &wanted));
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
        place.shift = at as isize - stated(hunk) as isize;
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
    /// The same after what the hunks before have told.
    fn said(&self, hunk: &Hunk<'_, str>) -> usize {
        let shifted = stated(hunk).saturating_add_signed(self.shift);
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
            return Ok((said == stated(hunk) || self.shift != 0).then_some(said));
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

/// Where a hunk says that it is, from 0.
fn stated(hunk: &Hunk<'_, str>) -> usize {
    let range = hunk.old_range();
    let start = range.start().min(MAX_LINES);
    // An empty range names the line before it.
    if range.is_empty() {
        start
    } else {
        start.saturating_sub(1)
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
            if actual.ends_with(b"\r\n") == expected.ends_with(b"\r\n") {
                " (they differ in blanks or the newline at the end)"
            } else {
                " (the lines end otherwise: one has \\r\\n)"
            }
        }
        _ => "",
    };
    let (old, new) = (hunk.old_range(), hunk.new_range());
    FilesError::DoesNotFit(Box::new(Misfit {
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
    }))
}

pub(super) fn quoted(line: Option<&[u8]>) -> String {
    let Some(line) = line else {
        return "the end of the file".to_owned();
    };
    let text = String::from_utf8_lossy(line);
    let mut chars = text.chars();
    let short: String = chars.by_ref().take(MAX_SHOWN_CHARS).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("{short:?}{more}")
}
