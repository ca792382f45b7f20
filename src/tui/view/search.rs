//! Looking for text in the transcript.

use std::ops::Range;

use super::content::{self, Line, Part};
use crate::protocol::CellId;
use crate::session::Transcript;

/// More matches than this are not looked for.
const MOST: usize = 10_000;

/// A place where the text was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    /// The entry.
    pub cell: CellId,
    /// The part of it.
    pub part: Part,
    /// The line of the part, from 0.
    pub line: usize,
    /// Bytes of that line.
    pub range: Range<usize>,
}

impl Match {
    fn place(&self) -> (CellId, Part, usize, usize) {
        (self.cell, self.part, self.line, self.range.start)
    }
}

/// A text that is looked for, and where it was found.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    query: String,
    /// In the order of the screen.
    matches: Vec<Match>,
    current: Option<usize>,
    seen: Seen,
}

/// The transcript as it was when it was looked through.
type Seen = (usize, Option<(CellId, u64)>);

fn state_of(transcript: &Transcript) -> Seen {
    let entries = transcript.entries();
    let last = entries.last().map(|entry| (entry.cell, entry.revision));
    (entries.len(), last)
}

impl Search {
    /// Looks for a text; stands on the last match that is not below `near`.
    pub(super) fn new(transcript: &Transcript, query: &str, near: Option<CellId>) -> Self {
        let matches = find(transcript, query);
        let current = match near {
            Some(near) => matches.iter().rposition(|found| found.cell <= near),
            None => None,
        };
        Self {
            query: query.to_owned(),
            current: current.or(matches.len().checked_sub(1)),
            matches,
            seen: state_of(transcript),
        }
    }

    /// How often it was found.
    pub fn count(&self) -> usize {
        self.matches.len()
    }

    /// The number of the match that the search stands on, from 0.
    pub fn current_index(&self) -> Option<usize> {
        self.current
    }

    /// The match that the search stands on.
    pub fn current(&self) -> Option<&Match> {
        self.matches.get(self.current?)
    }

    /// The matches in one entry.
    pub(super) fn of(&self, cell: CellId) -> &[Match] {
        let start = self.matches.partition_point(|found| found.cell < cell);
        let end = self.matches.partition_point(|found| found.cell <= cell);
        &self.matches[start..end]
    }

    /// Steps to another match; what was printed meanwhile is looked through too.
    pub(super) fn step(&mut self, transcript: &Transcript, by: isize) {
        let state = state_of(transcript);
        if state != self.seen {
            let stood_on = self.current().cloned();
            self.matches = find(transcript, &self.query);
            self.seen = state;
            self.current = stood_on.and_then(|found| {
                let at = self
                    .matches
                    .partition_point(|other| other.place() < found.place());
                (at < self.matches.len()).then_some(at)
            });
        }
        let Ok(count) = isize::try_from(self.matches.len()) else {
            return;
        };
        self.current = match (self.current, count) {
            (_, 0) => None,
            (None, _) => Some(0),
            (Some(at), _) => {
                let at = isize::try_from(at).unwrap_or(0);
                usize::try_from((at + by).rem_euclid(count)).ok()
            }
        };
    }
}

/// Every place where a text is found. A query in lower case finds capitals too.
pub(crate) fn find(transcript: &Transcript, query: &str) -> Vec<Match> {
    let needle = Needle::new(query);
    let mut matches = Vec::new();
    for entry in transcript.entries() {
        for (part, lines) in content::parts(entry) {
            for (number, line) in lines.iter().enumerate() {
                for range in needle.find(&text_of(line)) {
                    if matches.len() == MOST {
                        return matches;
                    }
                    matches.push(Match {
                        cell: entry.cell,
                        part,
                        line: number,
                        range,
                    });
                }
            }
        }
    }
    matches
}

fn text_of(line: &Line) -> String {
    line.iter().map(|run| run.text.as_str()).collect()
}

/// A text to look for.
pub(super) struct Needle {
    characters: Vec<char>,
    folds_case: bool,
}

impl Needle {
    pub fn new(query: &str) -> Self {
        let folds_case = !query.contains(char::is_uppercase);
        Self {
            characters: query.chars().map(|c| fold(c, folds_case)).collect(),
            folds_case,
        }
    }

    /// Where it is found in a line, in bytes, without overlap.
    pub fn find(&self, line: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while let Some(range) = self.find_from(line, from) {
            from = range.end;
            found.push(range);
        }
        found
    }

    /// Whether it is found in a line at all.
    pub fn is_in(&self, line: &str) -> bool {
        self.find_from(line, 0).is_some()
    }

    fn find_from(&self, line: &str, from: usize) -> Option<Range<usize>> {
        let &first = self.characters.first()?;
        let rest = line.get(from..)?;
        rest.char_indices().find_map(|(at, c)| {
            if fold(c, self.folds_case) != first {
                return None;
            }
            let mut text = rest.get(at..)?.char_indices();
            let mut end = at;
            let fits = self.characters.iter().all(|&wanted| {
                text.next().is_some_and(|(offset, c)| {
                    end = at + offset + c.len_utf8();
                    fold(c, self.folds_case) == wanted
                })
            });
            fits.then_some(from + at..from + end)
        })
    }
}

/// A letter as it is compared. One for one: `ß` and `ss` stay apart.
fn fold(c: char, folds_case: bool) -> char {
    if !folds_case || c.is_ascii() {
        return if folds_case {
            c.to_ascii_lowercase()
        } else {
            c
        };
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_find_capitals_and_capitals_only_themselves() {
        let ranges = |query: &str, line: &str| Needle::new(query).find(line);
        assert_eq!(ranges("err", "Error ERR err"), [0..3, 6..9, 10..13]);
        assert_eq!(ranges("Err", "Error ERR err"), vec![0..3]);
        assert_eq!(ranges("é", "aÉé"), [1..3, 3..5]);
        assert_eq!(ranges("aa", "aaaaa"), [0..2, 2..4]);
        assert_eq!(ranges("", "abc"), Vec::<Range<usize>>::new());
        assert_eq!(ranges("abcd", "abc"), Vec::<Range<usize>>::new());
    }
}
