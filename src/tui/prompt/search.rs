//! Ctrl-R: a fuzzy search over everything that was typed, in all sessions.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashSet;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use unicode_segmentation::UnicodeSegmentation;

use super::recall::Recall;
use crate::protocol::{Language, Timestamp};

/// Of longer entries only so much is searched.
const HAYSTACK_BYTES_MAX: usize = 1024;
/// Rows that can be reached with the arrows.
const HITS_MAX: usize = 500;
/// Entries that are scored for a query, the newest first: a key must not wait for more.
const SCORED_MAX: usize = 2000;

/// An entry, prepared so that most of those that don't fit are told at a glance.
struct Candidate {
    /// Its place in the history.
    at: usize,
    /// What is searched, in lower case.
    lower: String,
    /// A bit for every letter in it.
    letters: u64,
}

/// An open search.
pub(super) struct Search {
    /// What is looked for.
    query: String,
    /// Every entry, newest first.
    candidates: Vec<Candidate>,
    /// Which of the candidates may fit the query; newest first.
    fitting: Vec<usize>,
    /// The best of them without repetitions, best first: places in the history.
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
        let candidates: Vec<Candidate> = entries
            .iter()
            .enumerate()
            .rev()
            .map(|(at, entry)| {
                let source = haystack(&entry.source);
                let lower = if source.is_ascii() {
                    source.to_ascii_lowercase()
                } else {
                    source.to_lowercase()
                };
                Candidate {
                    at,
                    letters: letters(&lower),
                    lower,
                }
            })
            .collect();
        let mut search = Self {
            query: String::new(),
            fitting: (0..candidates.len()).collect(),
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

    /// How many entries fit, as far as they have been looked at.
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
            self.fitting = (0..self.candidates.len()).collect();
            self.rank(entries);
        }
    }

    /// Takes the last word away.
    pub(super) fn backspace_word(&mut self, entries: &[Recall]) {
        let kept = self.query.trim_end();
        let at = kept.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        self.query.truncate(at);
        self.fitting = (0..self.candidates.len()).collect();
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
        let candidates = &self.candidates;
        let mut seen = HashSet::new();
        if self.pattern.atoms.is_empty() {
            let newest = self.fitting.iter().map(|&fit| candidates[fit].at);
            let newest = newest.filter(|&at| seen.insert(identity(entries, at)));
            self.hits = newest.take(HITS_MAX).collect();
            return;
        }
        let query = self.query.to_lowercase();
        let wanted = letters(&query);
        self.fitting
            .retain(|&fit| candidates[fit].letters & wanted == wanted);

        // Entries with the words as they were typed come first: the scores alone would prefer
        // `p = a + th` for `path`. They go ahead in scoring, too.
        let words: Vec<&str> = query.split_whitespace().collect();
        let is_whole = |fit: usize| {
            let lower = &candidates[fit].lower;
            words.iter().all(|word| lower.contains(word))
        };
        let (whole, scattered): (Vec<usize>, Vec<usize>) =
            self.fitting.iter().partition(|&&fit| is_whole(fit));
        let matcher = self.matcher.get_mut();
        let mut buffer = Vec::new();
        let mut ranks = Vec::new();
        let mut unfit = HashSet::new();
        let ordered = whole.iter().map(|&fit| (true, fit));
        let ordered = ordered.chain(scattered.iter().map(|&fit| (false, fit)));
        for (is_whole, fit) in ordered {
            if ranks.len() >= SCORED_MAX {
                break;
            }
            let at = candidates[fit].at;
            let (language, source) = identity(entries, at);
            if !seen.insert((language, source)) {
                continue;
            }
            let haystack = Utf32Str::new(haystack(source), &mut buffer);
            match self.pattern.score(haystack, matcher) {
                Some(score) => ranks.push((Reverse(is_whole), Reverse(score), Reverse(at))),
                None => {
                    unfit.insert(fit);
                }
            }
        }
        self.fitting.retain(|fit| !unfit.contains(fit));
        ranks.sort_unstable();
        ranks.truncate(HITS_MAX);
        self.hits = ranks.into_iter().map(|(_, _, Reverse(at))| at).collect();
    }
}

/// A bit for every letter and digit of a text in lower case, and all bits where letters may be
/// taken for others: `é` for `e`.
fn letters(lower: &str) -> u64 {
    static BITS: [u64; 256] = {
        let mut bits = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            bits[byte] = match byte {
                0x61..=0x7a => 1 << (byte - 0x61),
                0x30..=0x39 => 1 << (byte - 0x30 + 26),
                0x80.. => u64::MAX,
                _ => 0,
            };
            byte += 1;
        }
        bits
    };
    lower
        .bytes()
        .fold(0, |bits, byte| bits | BITS[usize::from(byte)])
}

/// What makes an entry a repetition of another.
fn identity(entries: &[Recall], at: usize) -> (Option<Language>, &str) {
    entries.get(at).map_or((None, ""), |entry| {
        (Some(entry.language), entry.source.as_str())
    })
}

/// Words of the query, each matched fuzzily; no letter of it means anything but itself.
fn pattern(query: &str) -> Pattern {
    Pattern::new(
        query,
        CaseMatching::Smart,
        Normalization::Smart,
        AtomKind::Fuzzy,
    )
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
