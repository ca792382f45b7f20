//! What was typed before: the walk with Up and Down through this session, and the hint.

use std::collections::BTreeMap;

use unicode_segmentation::UnicodeSegmentation;

use crate::protocol::{Language, Timestamp, slash};

/// Something that was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recall {
    /// The text, as typed.
    pub source: String,
    /// What it was written in.
    pub language: Language,
    /// Whether it was submitted in this run: only then do Up and Down reach it.
    pub this_session: bool,
    /// When.
    pub at: Timestamp,
}

/// A walk through the entries, from the text in progress upwards. Nothing is lost on the way:
/// what was changed at a stop is found there again until the next submission.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The entry that is shown; `None` is the text in progress.
    at: Option<usize>,
    /// The text in progress, while an entry is shown.
    draft: String,
    /// What stood before the caret when the walk began: entries begin with it.
    prefix: String,
    /// Entries that were changed while they were shown.
    changed: BTreeMap<usize, String>,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Older,
    Newer,
}

impl Walk {
    /// Takes a step from `text`, with the caret at `caret`; the text to show, if there is any
    /// further one.
    pub(super) fn step(
        &mut self,
        direction: Direction,
        entries: &[Recall],
        language: Language,
        text: &str,
        caret: usize,
    ) -> Option<String> {
        if self.at.is_none() {
            if direction == Direction::Newer {
                return None;
            }
            text.get(..caret)
                .unwrap_or_default()
                .clone_into(&mut self.prefix);
        }
        let fits = |(at, entry): &(usize, &Recall)| {
            entry.this_session
                && (entry.language == language || slash::parse(&entry.source).is_some())
                && entry.source.starts_with(&self.prefix)
                && self.changed.get(at).unwrap_or(&entry.source) != text
        };
        let numbered = entries.iter().enumerate();
        let next = match (direction, self.at) {
            (Direction::Older, at) => {
                let below = at.unwrap_or(entries.len());
                let found = numbered.take(below).rev().find(fits)?;
                Some(found.0)
            }
            (Direction::Newer, Some(at)) => numbered.skip(at + 1).find(fits).map(|found| found.0),
            (Direction::Newer, None) => None,
        };
        match self.at {
            None => text.clone_into(&mut self.draft),
            Some(at) if entries.get(at).is_some_and(|entry| entry.source != text) => {
                self.changed.insert(at, text.to_owned());
            }
            Some(_) => {}
        }
        self.at = next;
        Some(match next {
            None => self.draft.clone(),
            Some(at) => self
                .changed
                .get(&at)
                .cloned()
                .unwrap_or_else(|| entries[at].source.clone()),
        })
    }

    /// Finds its place again when the entries are replaced.
    pub(super) fn follow(&mut self, old: &[Recall], new: &[Recall]) {
        let place = |at: usize| {
            let entry = old.get(at)?;
            new.iter().rposition(|candidate| candidate == entry)
        };
        // An entry that is gone leaves the walk below the newest one, next to the draft.
        self.at = self.at.map(|at| place(at).unwrap_or(new.len()));
        self.changed = std::mem::take(&mut self.changed)
            .into_iter()
            .filter_map(|(at, text)| Some((place(at)?, text)))
            .collect();
    }

    /// Whether an entry is shown, rather than the text in progress.
    pub(super) fn is_away(&self) -> bool {
        self.at.is_some()
    }
}

/// What the newest entry that begins with `text` has more, if there is one.
pub(super) fn hint(entries: &[Recall], language: Language, text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    entries
        .iter()
        .rev()
        .filter(|entry| entry.language == language)
        .find_map(|entry| {
            entry
                .source
                .strip_prefix(text)
                .filter(|rest| !rest.is_empty())
        })
        .map(str::to_owned)
}

/// The first word of a hint, with what stands before it.
pub(super) fn first_word(hint: &str) -> &str {
    let mut end = 0;
    for (offset, word) in hint.split_word_bound_indices() {
        end = offset + word.len();
        if word.chars().any(char::is_alphanumeric) {
            break;
        }
    }
    &hint[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(source: &str, language: Language, this_session: bool) -> Recall {
        Recall {
            source: source.to_owned(),
            language,
            this_session,
            at: Timestamp(0),
        }
    }

    fn entries() -> Vec<Recall> {
        vec![
            entry("print('elsewhere')", Language::Python, false),
            entry("import re", Language::Python, true),
            entry("print(1)", Language::Python, true),
            entry("let x = 1", Language::JavaScript, true),
            entry("/theme dark", Language::JavaScript, true),
            entry("print(2)", Language::Python, true),
            entry("print(2)", Language::Python, true),
        ]
    }

    /// Steps from a text, `u` up and `d` down; what each step shows.
    fn check(text: &str, caret: usize, steps: &str, shown: &[Option<&str>]) {
        let entries = entries();
        let mut walk = Walk::default();
        let mut text = text.to_owned();
        for (step, expected) in steps.chars().zip(shown) {
            let direction = if step == 'u' {
                Direction::Older
            } else {
                Direction::Newer
            };
            let next = walk.step(direction, &entries, Language::Python, &text, caret);
            assert_eq!(next.as_deref(), *expected, "{step} at {text:?}");
            text = next.unwrap_or(text);
        }
    }

    #[test]
    fn the_walk_stays_in_this_session_and_language_and_comes_back() {
        check(
            "x",
            0,
            "uuuuuddddd",
            &[
                Some("print(2)"),
                Some("/theme dark"),
                Some("print(1)"),
                Some("import re"),
                None,
                Some("print(1)"),
                Some("/theme dark"),
                Some("print(2)"),
                Some("x"),
                None,
            ],
        );
    }

    #[test]
    fn the_walk_keeps_to_what_stands_before_the_caret() {
        check(
            "pr",
            2,
            "uuud",
            &[Some("print(2)"), Some("print(1)"), None, Some("print(2)")],
        );
        check("zz", 2, "ud", &[None, None]);
    }

    #[test]
    fn changes_on_the_way_are_kept() {
        let entries = entries();
        let mut walk = Walk::default();
        let mut step = |direction, text: &str| {
            walk.step(direction, &entries, Language::Python, text, 0)
                .unwrap_or_default()
        };
        assert_eq!(step(Direction::Older, "draft"), "print(2)");
        assert_eq!(step(Direction::Older, "print(22)"), "print(2)");
        assert_eq!(step(Direction::Newer, "print(2)"), "print(22)");
        assert_eq!(step(Direction::Newer, "print(22)"), "draft");
    }

    #[test]
    fn hints_come_from_all_sessions_newest_first() {
        let entries = entries();
        let of = |text| hint(&entries, Language::Python, text);
        assert_eq!(of("pri").as_deref(), Some("nt(2)"));
        assert_eq!(of("print('").as_deref(), Some("elsewhere')"));
        assert_eq!(of("print(2)"), None);
        assert_eq!(of("let"), None);
        assert_eq!(of(" "), None);
        assert_eq!(first_word("nt(2) + x"), "nt");
        assert_eq!(first_word(" (two) three"), " (two");
        assert_eq!(first_word(")"), ")");
    }
}
