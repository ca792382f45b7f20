//! What keys do at the prompt, when neither a popup nor the search takes them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use reedline::{EditCommand, ReedlineEvent};

use super::recall::{self, Direction, Walk};
use super::{EditModeKind, Prompt, PromptAction, PromptContext};
use crate::kernel::Completeness;
use crate::protocol::slash;
use crate::tui::keymap::Action;

/// Columns of indentation.
pub(super) const INDENT: usize = 4;
/// The deepest indentation of a new line.
const INDENT_MAX: usize = 120;
/// Rows that Page Up and Page Down move by in a list.
pub(super) const PAGE: isize = 10;

impl Prompt {
    pub(super) fn key(&mut self, key: KeyEvent, context: &PromptContext) -> PromptAction {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if std::mem::take(&mut self.is_prefixed) {
            return match key.code {
                KeyCode::Char('e') if control => PromptAction::OpenEditor,
                KeyCode::Char('u') if control => self.edit(&[EditCommand::Undo]),
                _ => PromptAction::None,
            };
        }
        // In Vi, Esc and the letter behind it may arrive as one: that is what Alt means there,
        // unless the configuration says something else of the very key.
        let meta = key.modifiers - KeyModifiers::SHIFT == KeyModifiers::ALT;
        let is_vi = self.engine.kind() == EditModeKind::Vi;
        let is_letter = matches!(key.code, KeyCode::Char(_));
        let is_escape = is_vi && meta && is_letter && !context.keymap.is_configured(key);
        if let Some(action) = context.keymap.action(key).filter(|_| !is_escape) {
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
    pub(super) fn act(&mut self, action: Action, context: &PromptContext) -> PromptAction {
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
    pub(super) fn interpret(
        &mut self,
        event: ReedlineEvent,
        context: &PromptContext,
    ) -> Option<PromptAction> {
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

    pub(super) fn edit(&mut self, commands: &[EditCommand]) -> PromptAction {
        self.engine.edit(commands);
        PromptAction::Redraw
    }

    pub(super) fn enter(&mut self, context: &PromptContext) -> PromptAction {
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
    pub(super) fn new_line(&mut self, context: &PromptContext) -> PromptAction {
        let before = self.text().get(..self.engine.caret()).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let same = line.len() - line.trim_start_matches(' ').len();
        let indent = match (context.completeness)(before) {
            Completeness::Incomplete { indent } => indent,
            Completeness::Complete | Completeness::Invalid => same,
        };
        self.break_line(indent)
    }

    pub(super) fn break_line(&mut self, indent: usize) -> PromptAction {
        self.popup = None;
        let indent = " ".repeat(indent.min(INDENT_MAX));
        self.engine.insert(&format!("\n{indent}"));
        PromptAction::Redraw
    }

    pub(super) fn submit(&mut self) -> PromptAction {
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

    pub(super) fn interrupt(&mut self, context: &PromptContext) -> PromptAction {
        if self.popup.take().is_some() {
            return PromptAction::Redraw;
        }
        if context.is_running || self.is_empty() {
            return PromptAction::Interrupt;
        }
        self.walk = Walk::default();
        self.edit(&[EditCommand::Clear])
    }

    /// Takes up to one step of indentation from the caret's line.
    pub(super) fn dedent(&mut self) -> PromptAction {
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
}
