//! Tab and the completion popup at the prompt.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::completion::{Opened, Popup, Question};
use super::keys::INDENT;
use super::{EditModeKind, Prompt, PromptAction, PromptContext, layout};
use crate::protocol::{RequestId, slash};

impl Prompt {
    pub(super) fn tab(&mut self, context: &PromptContext) -> PromptAction {
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
        let is_shell = slash::shell_line(context.language, text).is_some();
        if is_shell || matches!(slash::parse(text), Some(slash::Line::Known(..))) {
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

    /// The keys of an open popup; `None` leaves a key to the text.
    pub(super) fn popup_key(
        &mut self,
        key: KeyEvent,
        context: &PromptContext,
    ) -> Option<PromptAction> {
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
    pub(super) fn complete_further(&mut self) {
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
    pub(super) fn open(&mut self, mut popup: Popup) {
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
    pub(super) fn accept(&mut self, context: &PromptContext) {
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
    pub(super) fn follow_popup(&mut self, is_typing: bool, context: &PromptContext) {
        let (text, caret) = (self.engine.text(), self.engine.caret());
        let opened = self.popup.as_ref().map(|popup| popup.opened);
        if is_typing && self.engine.is_inserting() && text.trim_start().starts_with('/') {
            let opened = opened.unwrap_or(Opened::ByItself);
            self.popup = Popup::of_slash(text, caret, context.choices, opened);
        } else {
            self.popup.take_if(|popup| !popup.follow(text, caret));
        }
    }
}
