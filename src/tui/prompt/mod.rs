//! The prompt: what is typed, until it is submitted.
//!
//! ```text
//! key ─ keymap ─ overlay or popup ─ edit mode (Emacs, Vi) ─ reedline's buffer ─ ratatui
//! ```
//!
//! Invariants: a paste never runs; a text is lost only by submitting it (undo, the walk through
//! the history and Ctrl-C all lead back to it); nothing that was typed or pasted reaches the
//! terminal as a control byte; no key waits for a kernel or a grammar.
//!
//! Absent on purpose: `Reedline::read_line`, and with it reedline's own painting, menus and
//! history; auto-pairs; running anything.

mod complete;
mod completion;
mod draw;
mod editor;
mod engine;
mod history;
mod keys;
mod layout;
mod overlay;
mod recall;
mod search;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use ratatui::layout::Position;
use reedline::EditCommand;

pub(crate) use completion::{Choice, Choices};
pub(crate) use editor::edit_in_editor;
pub(crate) use recall::Recall;

use super::highlight::Highlighter;
use super::keymap::{Action, Keymap};
use crate::kernel::Completeness;
use crate::protocol::{Completions, Language, RequestId, Timestamp};
use completion::{Popup, Question};
use draw::Wraps;
use engine::Engine;
use recall::Walk;
use search::Search;

/// The longest text that the prompt takes.
const TEXT_BYTES_MAX: usize = 8 << 20;

/// Which keys edit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EditModeKind {
    /// As in readline and Emacs.
    #[default]
    Emacs,
    /// As in Vi.
    Vi,
}

impl EditModeKind {
    /// Both, in the order in which they are switched.
    pub(crate) const ALL: [Self; 2] = [Self::Emacs, Self::Vi];

    /// The name in the configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Emacs => "emacs",
            Self::Vi => "vi",
        }
    }

    /// The kind that goes by a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Emacs => Self::Vi,
            Self::Vi => Self::Emacs,
        }
    }
}

/// What the prompt has to know about the rest, key by key.
pub(crate) struct PromptContext<'a> {
    /// What is typed.
    pub language: Language,
    /// Whether Enter should run a text: the kernel's judge.
    pub completeness: &'a dyn Fn(&str) -> Completeness,
    /// Which keys do what outside the prompt.
    pub keymap: &'a Keymap,
    /// What can follow a slash command.
    pub choices: &'a Choices,
    /// Whether a cell runs: then Ctrl-C stops it and leaves the text alone.
    pub is_running: bool,
    /// For the ages in the history.
    pub now: Timestamp,
}

/// What the application has to do about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PromptAction {
    /// Nothing: the key did nothing.
    None,
    /// Draw.
    Redraw,
    /// Run this; the prompt is empty again.
    Submit(String),
    /// Ask the kernel, and bring the answer to [`Prompt::set_completions`].
    Complete {
        /// Ties the answer to the question.
        request: RequestId,
        /// The text.
        source: String,
        /// The caret, in bytes.
        cursor: usize,
    },
    /// Ctrl-C with nothing at the prompt to clear, or while a cell runs.
    Interrupt,
    /// Ctrl-D at an empty prompt.
    EndOfFile,
    /// Suspend the terminal, run [`edit_in_editor`], and bring the text to [`Prompt::set_text`].
    OpenEditor,
    /// An entry of the history in another language was put into the prompt.
    SwitchLanguage(Language),
    /// A key of the keymap that isn't the prompt's own.
    Action(Action),
    /// Something was not taken, and why.
    Refused(String),
}

/// The text in progress, and everything that hangs on it.
pub(crate) struct Prompt {
    engine: Engine,
    language: Language,
    /// Oldest first.
    entries: Vec<Recall>,
    walk: Walk,
    /// What the newest fitting entry has more than the text.
    hint: Option<String>,
    popup: Option<Popup>,
    search: Option<Search>,
    question: Option<Question>,
    last_request: u64,
    /// Ctrl-X was pressed, and its second key is awaited.
    is_prefixed: bool,
    /// Colours of the text, kept from frame to frame.
    highlighter: RefCell<Highlighter>,
    wraps: RefCell<Wraps>,
    /// The first row on the screen, if the text is taller than its area: line, row in the line.
    top: Cell<(usize, usize)>,
    /// Where the popup points at: set when the prompt is drawn.
    anchor: Cell<Position>,
}

impl Prompt {
    /// An empty prompt.
    pub(crate) fn new(mode: EditModeKind) -> Self {
        Self {
            engine: Engine::new(mode),
            language: Language::Python,
            entries: Vec::new(),
            walk: Walk::default(),
            hint: None,
            popup: None,
            search: None,
            question: None,
            last_request: 0,
            is_prefixed: false,
            highlighter: RefCell::default(),
            wraps: RefCell::default(),
            top: Cell::new((0, 0)),
            anchor: Cell::default(),
        }
    }

    /// What is typed.
    pub(crate) fn text(&self) -> &str {
        self.engine.text()
    }

    /// Whether nothing is typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.engine.text().is_empty()
    }

    /// Replaces the text; undo brings the one before back.
    pub(crate) fn set_text(&mut self, text: &str) {
        self.close();
        self.engine.set_text(&clean(text));
        self.find_hint();
    }

    /// `emacs`, `vi insert`, `vi normal` or `vi visual`.
    pub(crate) fn mode_label(&self) -> &'static str {
        self.engine.mode_label()
    }

    /// Switches the keys; the text stays.
    pub(crate) fn set_mode(&mut self, kind: EditModeKind) {
        self.engine.set_mode(kind);
    }

    /// Which keys edit.
    pub(crate) fn mode(&self) -> EditModeKind {
        self.engine.kind()
    }

    /// Whether another frame would show more, though nothing has happened: colours that are still
    /// being found.
    pub(crate) fn wants_frame(&self) -> bool {
        self.highlighter.borrow().wants_more()
    }

    /// Replaces the history: oldest first. A walk or search that is under way goes on.
    pub(crate) fn set_history(&mut self, entries: Vec<Recall>) {
        let old = std::mem::replace(&mut self.entries, entries);
        self.walk.follow(&old, &self.entries);
        if let Some(search) = self.search.take() {
            let mut fresh = Search::open(&self.entries, search.now);
            fresh.push(&self.entries, search.query());
            self.search = Some(fresh);
        }
        self.find_hint();
    }

    /// Adds what was just submitted.
    pub(crate) fn push_history(&mut self, entry: Recall) {
        self.entries.push(entry);
    }

    /// Takes pasted text. It becomes part of the text as it is; it never runs by itself.
    pub(crate) fn handle_paste(&mut self, text: &str) -> PromptAction {
        let text = clean(text);
        if text.is_empty() {
            return PromptAction::None;
        }
        if let Some(search) = &mut self.search {
            search.push(&self.entries, text.lines().next().unwrap_or_default());
            return PromptAction::Redraw;
        }
        if text.len() + self.text().len() > TEXT_BYTES_MAX {
            return PromptAction::Refused(format!(
                "the paste is too long for the prompt, which takes {} MiB: save it to a file",
                TEXT_BYTES_MAX >> 20
            ));
        }
        self.close();
        self.engine.insert(&text);
        self.find_hint();
        PromptAction::Redraw
    }

    /// Takes the kernel's answer; whether anything changed. An answer to another text than the
    /// one that stands here now is dropped.
    pub(crate) fn set_completions(&mut self, request: RequestId, completions: Completions) -> bool {
        let Some(question) = self.question.take_if(|q| q.request == request) else {
            return false;
        };
        if question.source != self.text() || question.cursor != self.engine.caret() {
            return false;
        }
        match Popup::of_kernel(self.text(), question.cursor, completions) {
            Some(popup) => self.open(popup),
            None => return false,
        }
        self.find_hint();
        true
    }

    /// Takes a key.
    pub(crate) fn handle_key(&mut self, key: KeyEvent, context: &PromptContext) -> PromptAction {
        if key.kind == KeyEventKind::Release {
            return PromptAction::None;
        }
        self.language = context.language;
        if self.search.is_some() {
            return self.search_key(key, context);
        }
        let before = (self.engine.revision(), self.engine.caret());
        let action = self.key(key, context);
        if before != (self.engine.revision(), self.engine.caret()) {
            self.question = None;
            if self.text().len() > TEXT_BYTES_MAX {
                self.engine.edit(&[EditCommand::Undo]);
            }
        }
        if before.0 != self.engine.revision() {
            let is_typing = matches!(key.code, KeyCode::Char(_) | KeyCode::Backspace);
            self.follow_popup(is_typing, context);
        } else if before.1 != self.engine.caret() {
            self.popup = None;
        }
        self.find_hint();
        action
    }

    /// Closes whatever is open, and forgets a question to the kernel.
    fn close(&mut self) {
        self.popup = None;
        self.search = None;
        self.question = None;
        self.hint = None;
        self.is_prefixed = false;
    }
}

/// Text from outside, as it may stand in the prompt: line ends are `\n`, tabs stay, other
/// control characters are dropped.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
        .collect()
}
