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

mod completion;
mod draw;
mod editor;
mod engine;
mod layout;
mod overlay;
mod recall;
mod search;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Position;
use reedline::{EditCommand, ReedlineEvent};

pub(crate) use completion::{Choice, Choices};
pub(crate) use editor::edit_in_editor;
pub(crate) use recall::Recall;

use super::highlight::Highlighter;
use super::keymap::{Action, Keymap};
use crate::kernel::Completeness;
use crate::protocol::{Completions, Language, RequestId, Timestamp, slash};
use completion::{Opened, Popup, Question};
use engine::Engine;
use recall::{Direction, Walk};
use search::Search;

/// The longest text that the prompt takes.
const TEXT_BYTES_MAX: usize = 8 << 20;
/// Longer texts get no hint.
const HINT_BYTES_MAX: usize = 4 << 10;
/// Columns of indentation.
const INDENT: usize = 4;
/// The deepest indentation of a new line.
const INDENT_MAX: usize = 120;
/// Rows that Page Up and Page Down move by in a list.
const PAGE: isize = 10;

/// Which keys edit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EditModeKind {
    /// As in readline and Emacs.
    #[default]
    Emacs,
    /// As in Vi.
    Vi,
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

    fn key(&mut self, key: KeyEvent, context: &PromptContext) -> PromptAction {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if std::mem::take(&mut self.is_prefixed) {
            return match key.code {
                KeyCode::Char('e') if control => PromptAction::OpenEditor,
                KeyCode::Char('u') if control => self.edit(&[EditCommand::Undo]),
                _ => PromptAction::None,
            };
        }
        if let Some(action) = context.keymap.action(key) {
            return self.act(action, context);
        }
        if let Some(action) = self.popup_key(key, context) {
            return action;
        }
        let plain = key.modifiers.is_empty();
        match key.code {
            KeyCode::BackTab => self.dedent(),
            KeyCode::Tab if key.modifiers == KeyModifiers::SHIFT => self.dedent(),
            KeyCode::Tab if plain => self.tab(context),
            KeyCode::Enter if !plain && self.engine.is_inserting() => self.new_line(context),
            KeyCode::Char('j') if control && self.engine.is_inserting() => self.new_line(context),
            KeyCode::Char('x') if control => {
                self.is_prefixed = true;
                PromptAction::None
            }
            KeyCode::Char('g') if control => {
                self.engine.settle();
                PromptAction::Redraw
            }
            _ => {
                let event = self.engine.parse(key);
                self.interpret(event, context)
                    .unwrap_or(PromptAction::Redraw)
            }
        }
    }

    /// Does what the keymap says; most of it is the application's.
    fn act(&mut self, action: Action, context: &PromptContext) -> PromptAction {
        match action {
            Action::Interrupt => self.interrupt(context),
            Action::RunNow => self.submit(),
            Action::HistorySearch => self.open_search(context),
            Action::Editor => PromptAction::OpenEditor,
            Action::PageUp | Action::PageDown if self.popup.is_some() => {
                let rows = if action == Action::PageUp {
                    -PAGE
                } else {
                    PAGE
                };
                if let Some(popup) = &mut self.popup {
                    popup.step(rows);
                }
                PromptAction::Redraw
            }
            _ => PromptAction::Action(action),
        }
    }

    /// Does what the edit mode made of a key; `None` if it did not apply, which lets a list of
    /// alternatives go on to the next.
    fn interpret(&mut self, event: ReedlineEvent, context: &PromptContext) -> Option<PromptAction> {
        use ReedlineEvent as E;
        let applied = |applied: bool| applied.then_some(PromptAction::Redraw);
        match event {
            E::Edit(commands) => applied(self.engine.edit(&commands)),
            E::Multiple(events) => {
                let mut last = None;
                for event in events {
                    match self.interpret(event, context) {
                        Some(PromptAction::Redraw) => last = Some(PromptAction::Redraw),
                        Some(PromptAction::None) | None => {}
                        Some(action) => return Some(action),
                    }
                }
                last
            }
            E::UntilFound(events) => events
                .into_iter()
                .find_map(|event| self.interpret(event, context)),
            E::HistoryHintComplete => applied(self.accept_hint(|hint| hint)),
            E::HistoryHintWordComplete => applied(self.accept_hint(recall::first_word)),
            E::Enter | E::Submit | E::SubmitOrNewline => Some(self.enter(context)),
            E::Up => applied(self.up()),
            E::Down => applied(self.down()),
            E::PreviousHistory => applied(self.walk(Direction::Older)),
            E::NextHistory => applied(self.walk(Direction::Newer)),
            E::Left => applied(self.engine.edit(&[EditCommand::MoveLeft { select: false }])),
            E::Right => applied(
                self.engine
                    .edit(&[EditCommand::MoveRight { select: false }]),
            ),
            E::ToStart => applied(
                self.engine
                    .edit(&[EditCommand::MoveToStart { select: false }]),
            ),
            E::ToEnd => applied(
                self.engine
                    .edit(&[EditCommand::MoveToEnd { select: false }]),
            ),
            E::Esc => {
                self.popup = None;
                if self.engine.selection().is_some() {
                    self.engine.settle();
                }
                Some(PromptAction::Redraw)
            }
            E::CtrlC => Some(self.interrupt(context)),
            E::CtrlD if self.is_empty() => Some(PromptAction::EndOfFile),
            E::CtrlD => Some(self.edit(&[EditCommand::Delete])),
            E::ClearScreen | E::ClearScrollback => Some(PromptAction::Action(Action::Redraw)),
            E::SearchHistory => Some(self.open_search(context)),
            E::OpenEditor => Some(PromptAction::OpenEditor),
            E::Repaint => {
                // A selection would collapse.
                if !self.engine.is_visual() || self.engine.selection().is_none() {
                    self.engine.settle();
                }
                Some(PromptAction::Redraw)
            }
            E::SwitchMode(_) => applied(self.engine.switch(event)),
            // Menus are the popup's, and its keys were looked at before.
            E::None
            | E::Mouse { .. }
            | E::Resize(..)
            | E::ExecuteHostCommand(_)
            | E::Menu(_)
            | E::MenuAccept
            | E::MenuNext
            | E::MenuPrevious
            | E::MenuUp
            | E::MenuDown
            | E::MenuLeft
            | E::MenuRight
            | E::MenuPageNext
            | E::MenuPagePrevious => None,
        }
    }

    fn edit(&mut self, commands: &[EditCommand]) -> PromptAction {
        self.engine.edit(commands);
        PromptAction::Redraw
    }

    fn enter(&mut self, context: &PromptContext) -> PromptAction {
        let text = self.text();
        if text.trim().is_empty() {
            return PromptAction::None;
        }
        if slash::parse(text).is_some() {
            return self.submit();
        }
        match (context.completeness)(text) {
            Completeness::Complete | Completeness::Invalid => self.submit(),
            Completeness::Incomplete { indent } => {
                let rest = text.get(self.engine.caret()..).unwrap_or_default();
                if rest.trim().is_empty() {
                    self.break_line(indent)
                } else {
                    self.new_line(context)
                }
            }
        }
    }

    /// Opens a line where the caret is, indented as the text before it asks for.
    fn new_line(&mut self, context: &PromptContext) -> PromptAction {
        let before = self.text().get(..self.engine.caret()).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let same = line.len() - line.trim_start_matches(' ').len();
        let indent = match (context.completeness)(before) {
            Completeness::Incomplete { indent } => indent,
            Completeness::Complete | Completeness::Invalid => same,
        };
        self.break_line(indent)
    }

    fn break_line(&mut self, indent: usize) -> PromptAction {
        self.popup = None;
        let indent = " ".repeat(indent.min(INDENT_MAX));
        self.engine.insert(&format!("\n{indent}"));
        PromptAction::Redraw
    }

    fn submit(&mut self) -> PromptAction {
        let text = self.text().trim_end().to_owned();
        if text.is_empty() {
            return PromptAction::None;
        }
        self.engine.reset();
        self.walk = Walk::default();
        self.close();
        self.top.set((0, 0));
        PromptAction::Submit(text)
    }

    fn interrupt(&mut self, context: &PromptContext) -> PromptAction {
        if self.popup.take().is_some() {
            return PromptAction::Redraw;
        }
        if context.is_running || self.is_empty() {
            return PromptAction::Interrupt;
        }
        self.walk = Walk::default();
        self.edit(&[EditCommand::Clear])
    }

    /// Closes whatever is open, and forgets a question to the kernel.
    fn close(&mut self) {
        self.popup = None;
        self.search = None;
        self.question = None;
        self.hint = None;
        self.is_prefixed = false;
    }

    // History.

    fn up(&mut self) -> bool {
        let before = self.text().get(..self.engine.caret()).unwrap_or_default();
        if before.contains('\n') {
            self.engine
                .edit(&[EditCommand::MoveLineUp { select: false }])
        } else {
            self.walk(Direction::Older)
        }
    }

    fn down(&mut self) -> bool {
        let after = self.text().get(self.engine.caret()..).unwrap_or_default();
        if after.contains('\n') {
            self.engine
                .edit(&[EditCommand::MoveLineDown { select: false }])
        } else {
            self.walk(Direction::Newer)
        }
    }

    fn walk(&mut self, direction: Direction) -> bool {
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

    fn find_hint(&mut self) {
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
    fn accept_hint(&mut self, part: fn(&str) -> &str) -> bool {
        if self.engine.caret() != self.text().len() {
            return false;
        }
        let Some(hint) = self.hint.take() else {
            return false;
        };
        self.engine.insert(part(&hint));
        true
    }

    fn open_search(&mut self, context: &PromptContext) -> PromptAction {
        self.close();
        self.search = Some(Search::open(&self.entries, context.now));
        PromptAction::Redraw
    }

    fn search_key(&mut self, key: KeyEvent, context: &PromptContext) -> PromptAction {
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
    fn take_hit(&mut self) -> PromptAction {
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

    // Completion.

    fn tab(&mut self, context: &PromptContext) -> PromptAction {
        if !self.engine.is_inserting() {
            return PromptAction::None;
        }
        let text = self.text();
        let caret = self.engine.caret();
        let before = text.get(..caret).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        if line.trim().is_empty() {
            let spaces = INDENT - layout::width(line) % INDENT;
            self.engine.insert(&" ".repeat(spaces));
            return PromptAction::Redraw;
        }
        if let Some(popup) = Popup::of_slash(text, caret, context.choices, Opened::Asked) {
            self.open(popup);
            return PromptAction::Redraw;
        }
        if matches!(slash::parse(text), Some(slash::Line::Known(..))) {
            return PromptAction::None;
        }
        let source = text.to_owned();
        self.last_request += 1;
        let request = RequestId(self.last_request);
        self.question = Some(Question {
            request,
            source: source.clone(),
            cursor: caret,
        });
        PromptAction::Complete {
            request,
            source,
            cursor: caret,
        }
    }

    /// Takes up to one step of indentation from the caret's line.
    fn dedent(&mut self) -> PromptAction {
        let text = self.text();
        let caret = self.engine.caret();
        let before = text.get(..caret).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let spaces = text[start..]
            .bytes()
            .take(INDENT)
            .take_while(|byte| *byte == b' ')
            .count();
        if spaces == 0 || !self.engine.is_inserting() {
            return PromptAction::None;
        }
        self.engine.replace(start, start + spaces, "");
        self.engine
            .set_caret(caret.saturating_sub(spaces).max(start));
        PromptAction::Redraw
    }

    /// The keys of an open popup; `None` leaves a key to the text.
    fn popup_key(&mut self, key: KeyEvent, context: &PromptContext) -> Option<PromptAction> {
        let popup = self.popup.as_mut()?;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::BackTab | KeyCode::Up => popup.step(-1),
            KeyCode::Tab if key.modifiers == KeyModifiers::SHIFT => popup.step(-1),
            KeyCode::Char('p') if control => popup.step(-1),
            KeyCode::Tab if popup.only().is_some() => {
                popup.step(1);
                self.accept(context);
            }
            KeyCode::Tab => self.complete_further(),
            KeyCode::Down => popup.step(1),
            KeyCode::Char('n') if control => popup.step(1),
            KeyCode::Char('g') if control => self.popup = None,
            KeyCode::Esc => {
                self.popup = None;
                // In Vi, Esc leaves insert mode as well.
                if self.engine.kind() == EditModeKind::Vi {
                    return None;
                }
            }
            KeyCode::Enter if key.modifiers.is_empty() => {
                let (start, end) = popup.range(self.engine.text());
                let chosen = popup.chosen()?;
                // Nothing is left to accept: Enter means the line.
                if self.engine.text().get(start..end) == Some(&chosen.text) {
                    self.popup = None;
                    return None;
                }
                self.accept(context);
            }
            _ => return None,
        }
        Some(PromptAction::Redraw)
    }

    /// Tab in a popup: types what all candidates have in common, or else goes to the next.
    fn complete_further(&mut self) {
        let Some(popup) = &mut self.popup else { return };
        let caret = self.engine.caret();
        let word = self
            .engine
            .text()
            .get(popup.start..caret)
            .unwrap_or_default();
        if let Some(prefix) = popup.common_prefix(word).map(str::to_owned) {
            self.engine.replace(popup.start, caret, &prefix);
            popup.follow(self.engine.text(), self.engine.caret());
        } else {
            popup.step(1);
        }
    }

    /// Opens a popup that was asked for. A single candidate is accepted at once, and what all
    /// candidates begin with is typed.
    fn open(&mut self, mut popup: Popup) {
        let caret = self.engine.caret();
        if let Some(only) = popup.only().cloned() {
            let (start, end) = popup.range(self.engine.text());
            let ending = popup.ending(self.engine.text(), &only);
            self.engine.replace(start, end, &(only.text + ending));
            self.popup = None;
            return;
        }
        let word = self
            .engine
            .text()
            .get(popup.start..caret)
            .unwrap_or_default();
        if let Some(prefix) = popup.common_prefix(word).map(str::to_owned) {
            self.engine.replace(popup.start, caret, &prefix);
            popup.follow(self.engine.text(), self.engine.caret());
        }
        self.popup = Some(popup);
    }

    /// Types the selected candidate, and goes on to what can follow it.
    fn accept(&mut self, context: &PromptContext) {
        let Some(popup) = self.popup.take() else {
            return;
        };
        let Some(chosen) = popup.chosen() else { return };
        let (start, end) = popup.range(self.engine.text());
        let ending = popup.ending(self.engine.text(), chosen);
        self.engine
            .replace(start, end, &format!("{}{ending}", chosen.text));
        let opened = if chosen.text.ends_with('/') {
            Opened::Asked
        } else {
            Opened::ByItself
        };
        if opened == Opened::Asked || !ending.is_empty() {
            self.popup = Popup::of_slash(
                self.engine.text(),
                self.engine.caret(),
                context.choices,
                opened,
            );
        }
    }

    /// After the text has changed: narrows the popup or closes it, and opens it by itself for
    /// slash commands.
    fn follow_popup(&mut self, is_typing: bool, context: &PromptContext) {
        let (text, caret) = (self.engine.text(), self.engine.caret());
        let opened = self.popup.as_ref().map(|popup| popup.opened);
        if is_typing && self.engine.is_inserting() && text.trim_start().starts_with('/') {
            let opened = opened.unwrap_or(Opened::ByItself);
            self.popup = Popup::of_slash(text, caret, context.choices, opened);
        } else if is_typing {
            self.popup.take_if(|popup| !popup.follow(text, caret));
        } else if !self
            .popup
            .as_ref()
            .is_some_and(|popup| popup.start <= caret)
        {
            self.popup = None;
        }
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
