//! Ctrl-R: a fuzzy search over everything that was typed, in all sessions.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashSet;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use unicode_segmentation::UnicodeSegmentation;

use super::recall::Recall;
use crate::protocol::Timestamp;

/// Of longer entries only so much is searched.
const HAYSTACK_BYTES_MAX: usize = 1024;
/// Rows that can be reached with the arrows.
const HITS_MAX: usize = 500;

/// An open search.
pub(super) struct Search {
    /// What is looked for.
    query: String,
    /// Entries without repetitions, newest first: indices of the history.
    candidates: Vec<usize>,
    /// Which of the candidates fit the query, for narrowing it; newest first.
    fitting: Vec<usize>,
    /// The best of them, best first: indices of the history.
    hits: Vec<usize>,
    selected: usize,
    pattern: Pattern,
    /// Scratch space of the scores, also needed for drawing.
    matcher: RefCell<Matcher>,
    /// When it was opened, for the ages.
    pub now: Timestamp,
}

impl Search {
    pub(super) fn open(entries: &[Recall], now: Timestamp) -> Self {
        let mut seen = HashSet::new();
        let candidates: Vec<usize> = (0..entries.len())
            .rev()
            .filter(|&at| seen.insert((entries[at].language, entries[at].source.as_str())))
            .collect();
        let mut search = Self {
            query: String::new(),
            fitting: candidates.clone(),
            candidates,
            hits: Vec::new(),
            selected: 0,
            pattern: pattern(""),
            matcher: RefCell::new(Matcher::new(Config::DEFAULT)),
            now,
        };
        search.rank(entries);
        search
    }

    pub(super) fn query(&self) -> &str {
        &self.query
    }

    /// How many entries fit.
    pub(super) fn count(&self) -> usize {
        self.fitting.len()
    }

    pub(super) fn hits(&self) -> &[usize] {
        &self.hits
    }

    pub(super) fn selected(&self) -> usize {
        self.selected
    }

    pub(super) fn push(&mut self, entries: &[Recall], text: &str) {
        self.query.push_str(text);
        // What does not fit does not fit a longer query either.
        self.rank(entries);
    }

    pub(super) fn backspace(&mut self, entries: &[Recall]) {
        if let Some((at, _)) = self.query.grapheme_indices(true).next_back() {
            self.query.truncate(at);
            self.fitting.clone_from(&self.candidates);
            self.rank(entries);
        }
    }

    /// Takes the last word away.
    pub(super) fn backspace_word(&mut self, entries: &[Recall]) {
        let kept = self.query.trim_end();
        let at = kept.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        self.query.truncate(at);
        self.fitting.clone_from(&self.candidates);
        self.rank(entries);
    }

    /// Moves down, or up: negative. Stops at the ends.
    pub(super) fn step(&mut self, rows: isize) {
        let last = self.hits.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(rows).min(last);
    }

    /// The next one, around the circle.
    pub(super) fn next(&mut self) {
        if !self.hits.is_empty() {
            self.selected = (self.selected + 1) % self.hits.len();
        }
    }

    /// Places of the letters of an entry that matched, counted in graphemes, in order.
    pub(super) fn matched(&self, source: &str) -> Vec<u32> {
        let mut buffer = Vec::new();
        let mut places = Vec::new();
        let haystack = Utf32Str::new(haystack(source), &mut buffer);
        self.pattern
            .indices(haystack, &mut self.matcher.borrow_mut(), &mut places);
        places.sort_unstable();
        places.dedup();
        places
    }

    fn rank(&mut self, entries: &[Recall]) {
        self.selected = 0;
        self.pattern = pattern(&self.query);
        if self.pattern.atoms.is_empty() {
            self.hits = self.fitting.iter().copied().take(HITS_MAX).collect();
            return;
        }
        let matcher = self.matcher.get_mut();
        let mut buffer = Vec::new();
        let mut scored: Vec<Rank> = Vec::with_capacity(self.fitting.len());
        let pattern = &self.pattern;
        let whole = pattern_of(&self.query, AtomKind::Substring);
        self.fitting.retain(|&at| {
            let Some(entry) = entries.get(at) else {
                return false;
            };
            let haystack = Utf32Str::new(haystack(&entry.source), &mut buffer);
            let Some(score) = pattern.score(haystack, matcher) else {
                return false;
            };
            let is_whole = whole.score(haystack, matcher).is_some();
            scored.push((Reverse(is_whole), Reverse(score), Reverse(at)));
            true
        });
        if scored.len() > HITS_MAX {
            scored.select_nth_unstable(HITS_MAX);
            scored.truncate(HITS_MAX);
        }
        scored.sort_unstable();
        self.hits = scored.into_iter().map(|(_, _, Reverse(at))| at).collect();
    }
}

/// The best is the least: entries with the words as they were typed, then the matcher's score
/// (which alone would prefer `p = a + th` for `path`), then the newest.
type Rank = (Reverse<bool>, Reverse<u32>, Reverse<usize>);

/// Words of the query, each matched fuzzily; no letter of it means anything but itself.
fn pattern(query: &str) -> Pattern {
    pattern_of(query, AtomKind::Fuzzy)
}

fn pattern_of(query: &str, kind: AtomKind) -> Pattern {
    Pattern::new(query, CaseMatching::Smart, Normalization::Smart, kind)
}

fn haystack(source: &str) -> &str {
    let mut end = source.len().min(HAYSTACK_BYTES_MAX);
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    &source[..end]
}

/// How long ago, in few letters: `now`, `5m`, `3h`, `12d`, `2y`.
pub(super) fn age(now: Timestamp, at: Timestamp) -> String {
    let minutes = now.since(at).as_secs() / 60;
    match minutes {
        0 => "now".to_owned(),
        1..60 => format!("{minutes}m"),
        60..1440 => format!("{}h", minutes / 60),
        1440..525_600 => format!("{}d", minutes / 1440),
        _ => format!("{}y", minutes / 525_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Language;

    fn entries(sources: &[&str]) -> Vec<Recall> {
        sources
            .iter()
            .map(|source| Recall {
                source: (*source).to_owned(),
                language: Language::Python,
                this_session: false,
                at: Timestamp(0),
            })
            .collect()
    }

    fn check(sources: &[&str], query: &str, found: &[&str]) {
        let entries = entries(sources);
        let mut search = Search::open(&entries, Timestamp(0));
        for letter in query.chars() {
            search.push(&entries, &letter.to_string());
        }
        let shown: Vec<&str> = search
            .hits()
            .iter()
            .map(|&at| &*entries[at].source)
            .collect();
        assert_eq!(shown, found, "{query:?}");
    }

    #[test]
    fn hits_are_best_first_then_newest_first() {
        check(&["a", "b", "a"], "", &["a", "b"]);
        check(
            &["print(1)", "input()", "print(2)"],
            "print",
            &["print(2)", "print(1)"],
        );
        check(
            &["open(path)", "p = a + th"],
            "path",
            &["open(path)", "p = a + th"],
        );
        check(&["foo bar", "bar"], "bar fo", &["foo bar"]);
        check(&["x ^ 2", "x"], "^", &["x ^ 2"]);
        check(&["Abc", "abc"], "A", &["Abc"]);
        check(&["abc"], "abcd", &[]);
    }

    #[test]
    fn a_shorter_query_finds_more_again() {
        let entries = entries(&["alpha", "beta"]);
        let mut search = Search::open(&entries, Timestamp(0));
        search.push(&entries, "alpx");
        assert_eq!(search.count(), 0);
        search.backspace(&entries);
        assert_eq!(search.count(), 1);
        assert_eq!(search.matched("alpha"), [0, 1, 2]);
        search.backspace_word(&entries);
        assert_eq!((search.count(), search.query()), (2, ""));
    }

    #[test]
    fn the_selection_stays_inside() {
        let entries = entries(&["a", "b", "c"]);
        let mut search = Search::open(&entries, Timestamp(0));
        search.step(-1);
        assert_eq!(search.selected(), 0);
        search.step(9);
        assert_eq!(search.selected(), 2);
        search.next();
        assert_eq!(search.selected(), 0);
    }

    #[test]
    fn ages_are_short() {
        let check = |seconds: u64, shown: &str| {
            assert_eq!(age(Timestamp(seconds * 1000), Timestamp(0)), shown);
        };
        check(59, "now");
        check(61, "1m");
        check(7200, "2h");
        check(86_400 * 3, "3d");
        check(86_400 * 800, "2y");
    }
}
