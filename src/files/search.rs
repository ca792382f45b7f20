//! Lines that match a regular expression.

use std::fs::File;
use std::ops::ControlFlow;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::{Duration, Instant};

use regex::bytes::{Regex, RegexBuilder};
use rustix::fs::{AtFlags, FileType, statat};
use serde::Serialize;

use super::tree::{self, Entry, Scope};
use super::{Access, FilesError, Folders, kind, open, open_in, read_whole, size_bytes, stat_of};
use crate::granted::{must_be_regular, shown};

/// Larger files are not searched, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// Bytes that are searched in all.
const MAX_SEARCHED_BYTES: u64 = 1 << 30;
/// The largest compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;
/// Of longer lines only the beginning is searched, in bytes.
const MAX_LINE_BYTES: usize = 64 << 10;
/// Of longer lines only a part is given, in bytes.
const MAX_SHOWN_BYTES: usize = 500;
/// Lines before and after a match, at most.
pub(crate) const MAX_CONTEXT_LINES: usize = 20;

/// What is searched for, and where.
pub(crate) struct SearchRequest<'a> {
    /// Where a relative path starts; absolute.
    pub from: &'a Path,
    /// The folder, or one file.
    pub path: &'a str,
    /// A regular expression for one line.
    pub pattern: &'a str,
    /// Whether letters match in upper and lower case.
    pub ignores_case: bool,
    /// A glob over the paths in the folder, or over names if it has no slash.
    pub glob: Option<&'a str>,
    /// Lines before and after each match.
    pub context_lines: usize,
    /// Matches, at most.
    pub max_matches: usize,
    /// Also what begins with a dot.
    pub hidden: bool,
    /// Also what a `.gitignore` names.
    pub ignored: bool,
    /// When it ends with what it has.
    pub max_time: Duration,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Searched {
    /// In the order of paths and lines.
    pub matches: Vec<Match>,
    /// Why there may be more: `matches`, `bytes`, `time` or `entries`.
    pub stopped_by: Option<&'static str>,
    /// Files that were searched.
    pub text_files: u64,
    /// Files that are no text.
    pub binary_files: u64,
    /// Files that are too large.
    pub large_files: u64,
    /// Files and folders that could not be opened.
    pub closed: u64,
}

/// A line that matches.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Match {
    /// From where the folder's path began. Untrusted text.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// Its text, or the part around the match.
    pub text: String,
    /// The lines before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// The lines after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

struct Search<'a> {
    request: &'a SearchRequest<'a>,
    regex: Regex,
    found: Searched,
    searched_bytes: u64,
    until: Option<Instant>,
    is_cancelled: &'a dyn Fn() -> bool,
}

/// Searches a folder, or one file.
///
/// # Errors
/// If it is in no open folder, or a pattern is none.
pub(crate) fn search(
    folders: &Folders,
    request: &SearchRequest<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Searched, FilesError> {
    let regex = RegexBuilder::new(request.pattern)
        .case_insensitive(request.ignores_case)
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(8 * MAX_PATTERN_BYTES)
        .build();
    let regex = regex.map_err(|error| FilesError::Pattern {
        of: "regular expression",
        pattern: request.pattern.chars().take(100).collect(),
        message: error.to_string(),
    })?;
    let glob = request.glob.map(tree::glob).transpose()?;
    let path = shown(Path::new(request.path));
    let spot = folders.walk(request.from, request.path, Access::Read)?;
    let stat = stat_of(&spot).map_err(|errno| FilesError::system(&*path, errno))?;
    let mut search = Search {
        request,
        regex,
        found: Searched::default(),
        searched_bytes: 0,
        until: Instant::now().checked_add(request.max_time),
        is_cancelled,
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        let (file, stat) = open(&spot).map_err(|refusal| FilesError::refused(path, refusal))?;
        let _ = search.file(file, size_bytes(&stat), request.path)?;
        return Ok(search.found);
    }
    let start = spot.enter();
    let start = start.map_err(|refusal| FilesError::refused(path, refusal))?;
    let scope = Scope {
        max_depth: u32::MAX,
        hidden: request.hidden,
        ignored: request.ignored,
    };
    let mut each = |entry: &Entry<'_>| {
        let is_wanted = entry.kind == FileType::RegularFile
            && glob.as_ref().is_none_or(|glob| glob.is_match(entry.path));
        if !is_wanted {
            return Ok(search.go_on());
        }
        // It may have become something else since the folder was read.
        let name = entry.name.as_os_str();
        let is_regular = statat(entry.folder, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| must_be_regular(&stat).is_ok());
        let opened = is_regular.then(|| open_in(entry.folder.as_fd(), name));
        let Some(Ok((file, stat))) = opened else {
            search.found.closed += 1;
            return Ok(ControlFlow::Continue(()));
        };
        let path = tree::joined(request.path, entry.path);
        search.file(file, size_bytes(&stat), &path)
    };
    let walked = tree::walk(folders, start, scope, is_cancelled, &mut each)?;
    let mut found = search.found;
    found.closed += walked.closed;
    if walked.is_bounded {
        found.stopped_by = Some("entries");
    }
    Ok(found)
}

impl Search<'_> {
    fn file(
        &mut self,
        file: File,
        size_bytes: u64,
        path: &str,
    ) -> Result<ControlFlow<()>, FilesError> {
        if size_bytes > MAX_FILE_BYTES {
            self.found.large_files += 1;
            return Ok(self.go_on());
        }
        let bytes = match read_whole(file, path, MAX_FILE_BYTES, self.is_cancelled) {
            Ok(bytes) => bytes,
            Err(FilesError::TooBig { .. }) => {
                self.found.large_files += 1;
                return Ok(self.go_on());
            }
            Err(FilesError::Cancelled) => return Err(FilesError::Cancelled),
            Err(_) => {
                self.found.closed += 1;
                return Ok(self.go_on());
            }
        };
        self.searched_bytes += bytes.len() as u64;
        if kind::binary(&bytes).is_some() {
            self.found.binary_files += 1;
            return Ok(self.go_on());
        }
        self.found.text_files += 1;
        let lines: Vec<&[u8]> = lines(&bytes).collect();
        let mut looked_at = 0;
        for (at, line) in lines.iter().enumerate() {
            looked_at += line.len() + 1;
            if looked_at >= MAX_LINE_BYTES {
                looked_at = 0;
                if (self.is_cancelled)() {
                    return Err(FilesError::Cancelled);
                }
                if self.go_on().is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            let searched = line.get(..MAX_LINE_BYTES).unwrap_or(line);
            let Some(found) = self.regex.find(searched) else {
                continue;
            };
            if self.found.matches.len() >= self.request.max_matches {
                self.found.stopped_by = Some("matches");
                return Ok(ControlFlow::Break(()));
            }
            let context = self.request.context_lines.min(MAX_CONTEXT_LINES);
            let around = |from: usize, to: usize| {
                let lines = lines.get(from..to.min(lines.len())).unwrap_or_default();
                lines.iter().map(|line| part(line, 0)).collect()
            };
            self.found.matches.push(Match {
                path: path.to_owned(),
                line: at as u64 + 1,
                text: part(line, found.start()),
                before: around(at.saturating_sub(context), at),
                after: around(at + 1, at + 1 + context),
            });
        }
        Ok(self.go_on())
    }

    fn go_on(&mut self) -> ControlFlow<()> {
        let why = if self.searched_bytes >= MAX_SEARCHED_BYTES {
            "bytes"
        } else if self.until.is_some_and(|until| Instant::now() >= until) {
            "time"
        } else {
            return ControlFlow::Continue(());
        };
        self.found.stopped_by = Some(why);
        ControlFlow::Break(())
    }
}

/// Lines without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

/// A line as text, or so much of it as is around a place in it.
fn part(line: &[u8], place: usize) -> String {
    if line.len() <= MAX_SHOWN_BYTES {
        return String::from_utf8_lossy(line).into_owned();
    }
    let start = place.saturating_sub(MAX_SHOWN_BYTES / 4);
    let end = (start + MAX_SHOWN_BYTES).min(line.len());
    let text = String::from_utf8_lossy(line.get(start..end).unwrap_or_default());
    // A character that was cut is no character.
    let text = text.trim_matches('\u{fffd}');
    let (head, tail) = (
        if start > 0 { "…" } else { "" },
        if end < line.len() { "…" } else { "" },
    );
    format!("{head}{text}{tail}")
}
