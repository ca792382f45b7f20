//! Up, Down, the hint and Ctrl-R at the prompt.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use reedline::EditCommand;

use super::keys::PAGE;
use super::recall::{self, Direction};
use super::search::Search;
use super::{Prompt, PromptAction, PromptContext};
use crate::protocol::Timestamp;
use crate::tui::keymap::Action;

/// Longer texts get no hint.
const HINT_BYTES_MAX: usize = 4 << 10;

impl Prompt {
    pub(super) fn up(&mut self) -> bool {
        let before = self.text().get(..self.engine.caret()).unwrap_or_default();
        if before.contains('\n') {
            self.engine
                .edit(&[EditCommand::MoveLineUp { select: false }])
        } else {
            self.walk(Direction::Older)
        }
    }

    pub(super) fn down(&mut self) -> bool {
        let after = self.text().get(self.engine.caret()..).unwrap_or_default();
        if after.contains('\n') {
            self.engine
                .edit(&[EditCommand::MoveLineDown { select: false }])
        } else {
            self.walk(Direction::Newer)
        }
    }

    pub(super) fn walk(&mut self, direction: Direction) -> bool {
        let text = self.engine.text();
        let caret = self.engine.caret();
        let step = self
            .walk
            .step(direction, &self.entries, self.language, text, caret);
        let Some(text) = step else {
            return false;
        };
        self.engine.set_text(&text);
        if direction == Direction::Older {
            // At the end of the first line: the next Up goes on, and does not climb the lines.
            self.engine.set_caret(text.find('\n').unwrap_or(text.len()));
        }
        true
    }

    pub(super) fn find_hint(&mut self) {
        let text = self.engine.text();
        let wants_one = self.engine.is_inserting()
            && self.engine.caret() == text.len()
            && text.len() <= HINT_BYTES_MAX
            && !self.walk.is_away();
        self.hint = wants_one
            .then(|| recall::hint(&self.entries, self.language, text))
            .flatten();
    }

    /// Types the hint, or the part of it that `part` picks; whether there was one.
    pub(super) fn accept_hint(&mut self, part: fn(&str) -> &str) -> bool {
        if self.engine.caret() != self.text().len() {
            return false;
        }
        let Some(hint) = self.hint.take() else {
            return false;
        };
        self.engine.insert(part(&hint));
        true
    }

    /// Opens the search through the history at a text.
    pub(crate) fn open_history(&mut self, query: &str, now: Timestamp) {
        self.close();
        let mut search = Search::open(&self.entries, now);
        search.push(&self.entries, query);
        self.search = Some(search);
    }

    /// Whether something lies over what is above the prompt.
    pub(crate) fn has_popup(&self) -> bool {
        self.popup.is_some() || self.search.is_some()
    }

    /// Whether the history is being searched.
    pub(crate) fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    pub(super) fn open_search(&mut self, context: &PromptContext) -> PromptAction {
        self.close();
        self.search = Some(Search::open(&self.entries, context.now));
        PromptAction::Redraw
    }

    pub(super) fn search_key(&mut self, key: KeyEvent, context: &PromptContext) -> PromptAction {
        let Some(search) = &mut self.search else {
            return PromptAction::None;
        };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match (context.keymap.action(key), key.code) {
            (Some(Action::HistorySearch), _) => search.next(),
            (Some(action @ (Action::Suspend | Action::Redraw | Action::Quit)), _) => {
                return PromptAction::Action(action);
            }
            (Some(Action::Interrupt), _) | (_, KeyCode::Esc) => self.close(),
            (_, KeyCode::Char('g' | 'c')) if control => self.close(),
            (_, KeyCode::Up) => search.step(-1),
            (_, KeyCode::Down) => search.step(1),
            (_, KeyCode::Char('p')) if control => search.step(-1),
            (_, KeyCode::Char('n')) if control => search.step(1),
            (_, KeyCode::PageUp) => search.step(-PAGE),
            (_, KeyCode::PageDown) => search.step(PAGE),
            (_, KeyCode::Enter | KeyCode::Tab) => return self.take_hit(),
            (_, KeyCode::Char('w')) if control => search.backspace_word(&self.entries),
            (_, KeyCode::Backspace) if control || alt => search.backspace_word(&self.entries),
            (_, KeyCode::Backspace) => search.backspace(&self.entries),
            (_, KeyCode::Char('h')) if control => search.backspace(&self.entries),
            (_, KeyCode::Char(letter)) if control == alt => {
                search.push(&self.entries, letter.encode_utf8(&mut [0; 4]));
            }
            _ => return PromptAction::None,
        }
        self.find_hint();
        PromptAction::Redraw
    }

    /// Puts the selected entry into the prompt; it does not run.
    pub(super) fn take_hit(&mut self) -> PromptAction {
        let entry = self
            .search
            .take()
            .and_then(|search| search.hits().get(search.selected()).copied())
            .and_then(|at| self.entries.get(at))
            .cloned();
        let Some(entry) = entry else {
            self.find_hint();
            return PromptAction::Redraw;
        };
        self.engine.set_text(&entry.source);
        self.find_hint();
        if entry.language == self.language {
            PromptAction::Redraw
        } else {
            self.language = entry.language;
            PromptAction::SwitchLanguage(entry.language)
        }
    }
}
