//! The text being edited: reedline without its terminal.
//!
//! `read_line` is never called. Keys go through the edit mode's parser, which answers with events;
//! edits are run on reedline's buffer, and everything else is the prompt's to interpret.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::panics::contain;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use reedline::{
    EditCommand, EditMode, Emacs, Keybindings, PromptEditMode, PromptViMode, Reedline,
    ReedlineEvent, ReedlineRawEvent, Vi, default_emacs_keybindings, default_vi_insert_keybindings,
    default_vi_normal_keybindings, default_vi_visual_keybindings,
};

use super::EditModeKind;

/// Undo keeps a copy of the text for every step. Past this many bytes the steps are dropped.
const UNDO_BYTES_MAX: usize = 64 << 20;

/// reedline's buffer, caret, selection, undo and cut buffer, and the machine that reads keys.
pub(super) struct Engine {
    /// One for the life of the prompt: dropping a `Reedline` turns raw mode off.
    reedline: Reedline,
    mode: SharedMode,
    kind: EditModeKind,
    /// Commands run since undo was last emptied: no fewer than there are undo steps.
    commands: usize,
    /// What the undo steps may hold, at most.
    undo_bytes: usize,
    /// Counts changes of the text.
    revision: u64,
}

impl Engine {
    pub(super) fn new(kind: EditModeKind) -> Self {
        let mode = SharedMode(Arc::new(Mutex::new(machine(kind))));
        Self {
            reedline: Reedline::create().with_edit_mode(Box::new(mode.clone())),
            mode,
            kind,
            commands: 0,
            undo_bytes: 0,
            revision: 0,
        }
    }

    pub(super) fn text(&self) -> &str {
        self.reedline.current_buffer_contents()
    }

    /// Another number whenever the text is another.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn kind(&self) -> EditModeKind {
        self.kind
    }

    /// In bytes.
    pub(super) fn caret(&self) -> usize {
        self.reedline.current_insertion_point()
    }

    /// The selected bytes; never an empty range.
    pub(super) fn selection(&self) -> Option<(usize, usize)> {
        self.reedline
            .current_selection()
            .filter(|(start, end)| start < end)
    }

    pub(super) fn mode_label(&self) -> &'static str {
        match self.mode.lock().edit_mode() {
            PromptEditMode::Vi(PromptViMode::Normal) => "vi normal",
            PromptEditMode::Vi(PromptViMode::Insert) => "vi insert",
            PromptEditMode::Vi(PromptViMode::Visual) => "vi visual",
            _ => "emacs",
        }
    }

    /// Whether typed letters are text: not so in Vi's normal and visual modes.
    pub(super) fn is_inserting(&self) -> bool {
        !matches!(
            self.mode.lock().edit_mode(),
            PromptEditMode::Vi(PromptViMode::Normal | PromptViMode::Visual)
        )
    }

    pub(super) fn is_visual(&self) -> bool {
        self.mode.lock().edit_mode() == PromptEditMode::Vi(PromptViMode::Visual)
    }

    /// Swaps the machine; text, undo and cut buffer stay.
    pub(super) fn set_mode(&mut self, kind: EditModeKind) {
        if self.kind != kind {
            self.kind = kind;
            *self.mode.lock() = machine(kind);
            self.settle();
        }
    }

    /// What a key means in the present mode. Vi remembers half-typed commands.
    pub(super) fn parse(&mut self, key: KeyEvent) -> ReedlineEvent {
        match ReedlineRawEvent::try_from(Event::Key(key)) {
            Ok(raw) => self.mode.lock().parse_event(raw),
            Err(()) => ReedlineEvent::None,
        }
    }

    /// Moves the machine to another state of its own; whether it took it.
    pub(super) fn switch(&mut self, event: ReedlineEvent) -> bool {
        let before = self.mode.lock().edit_mode();
        // The answer's type is private to reedline: compare instead.
        let _ = self.mode.lock().handle_mode_specific_event(event);
        let changed = self.mode.lock().edit_mode() != before;
        if changed {
            self.settle();
        }
        changed
    }

    /// Runs commands; whether anything changed: text, caret or selection.
    pub(super) fn edit(&mut self, commands: &[EditCommand]) -> bool {
        let before = (
            self.text().to_owned(),
            self.caret(),
            self.reedline.current_selection(),
        );
        self.run(commands);
        self.commands += commands.len();
        self.undo_bytes += commands.len() * self.text().len();
        let changed_text = before.0 != self.text();
        self.revision += u64::from(changed_text);
        let changed = changed_text
            || before.1 != self.caret()
            || before.2 != self.reedline.current_selection();
        if self.undo_bytes > UNDO_BYTES_MAX {
            let (text, caret) = (self.text().to_owned(), self.caret());
            self.empty_undo();
            self.run(&[EditCommand::InsertString(text)]);
            self.commands += 1;
            self.set_caret(caret);
        }
        changed
    }

    pub(super) fn insert(&mut self, text: &str) {
        self.edit(&[EditCommand::InsertString(text.to_owned())]);
    }

    /// Moves the caret, which drops the selection, and lets the mode's rules for it hold.
    pub(super) fn set_caret(&mut self, position: usize) {
        self.run(&[EditCommand::MoveToPosition {
            position,
            select: false,
        }]);
        self.commands += 1;
    }

    /// Lets the mode's rules for the caret hold: Vi's normal mode stands on a letter, its visual
    /// mode selects at least one.
    pub(super) fn settle(&mut self) {
        self.set_caret(self.caret());
    }

    /// Replaces `start..end` (bytes), as one step of undo.
    pub(super) fn replace(&mut self, start: usize, end: usize, text: &str) {
        self.set_caret(start);
        if start < end {
            self.edit(&[
                EditCommand::MoveToPosition {
                    position: end,
                    select: true,
                },
                EditCommand::InsertString(text.to_owned()),
            ]);
        } else {
            self.insert(text);
        }
    }

    /// Replaces the whole text, as one step of undo; the caret goes to its end.
    pub(super) fn set_text(&mut self, text: &str) {
        if text == self.text() {
            self.set_caret(text.len());
        } else if text.is_empty() {
            self.edit(&[EditCommand::Clear]);
        } else {
            self.edit(&[
                EditCommand::SelectAll,
                EditCommand::InsertString(text.to_owned()),
            ]);
        }
    }

    /// Empties the text and forgets how it came about, so that undo can't bring it back. Vi
    /// starts over in insert mode. The cut buffer stays.
    pub(super) fn reset(&mut self) {
        self.empty_undo();
        self.revision += 1;
        let _ = self
            .mode
            .lock()
            .handle_mode_specific_event(ReedlineEvent::SwitchMode(PromptEditMode::Vi(
                PromptViMode::Insert,
            )));
        self.settle();
    }

    /// Runs commands, and outlives a panic in them: reedline 0.52 cuts some ranges in the middle of
    /// a letter where graphemes have many code points.
    fn run(&mut self, commands: &[EditCommand]) {
        if contain(|| self.reedline.run_edit_commands(commands)).is_ok() {
            return;
        }
        let text = self.text().to_owned();
        let caret = contain(|| self.caret()).unwrap_or(text.len());
        let fresh = Reedline::create().with_edit_mode(Box::new(self.mode.clone()));
        // Dropping it would turn raw mode off.
        std::mem::forget(std::mem::replace(&mut self.reedline, fresh));
        let boundary = (0..=caret).rev().find(|at| text.is_char_boundary(*at));
        let position = boundary.unwrap_or_default();
        let restore = [
            EditCommand::InsertString(text),
            EditCommand::MoveToPosition {
                position,
                select: false,
            },
        ];
        let _ = contain(|| self.reedline.run_edit_commands(&restore));
        self.commands = restore.len();
    }

    /// reedline keeps its own reset of the undo stack private. Undoing everything leaves all
    /// steps to redo, and a new edit throws those away.
    fn empty_undo(&mut self) {
        for _ in 0..self.commands {
            self.run(&[EditCommand::Undo]);
        }
        self.run(&[EditCommand::Clear]);
        self.commands = 1;
        self.undo_bytes = 0;
    }
}

/// The machine, shared between reedline (whose caret rules ask for the mode) and the engine
/// (which gives it keys and swaps it).
#[derive(Clone)]
struct SharedMode(Arc<Mutex<Box<dyn EditMode>>>);

impl SharedMode {
    fn lock(&self) -> MutexGuard<'_, Box<dyn EditMode>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EditMode for SharedMode {
    fn parse_event(&mut self, event: ReedlineRawEvent) -> ReedlineEvent {
        self.lock().parse_event(event)
    }

    fn edit_mode(&self) -> PromptEditMode {
        self.lock().edit_mode()
    }
}

fn machine(kind: EditModeKind) -> Box<dyn EditMode> {
    match kind {
        EditModeKind::Emacs => {
            let mut bindings = default_emacs_keybindings();
            add_undo(&mut bindings);
            Box::new(Emacs::new(bindings))
        }
        EditModeKind::Vi => {
            let mut insert = default_vi_insert_keybindings();
            add_undo(&mut insert);
            Box::new(Vi::new(
                insert,
                default_vi_normal_keybindings(),
                default_vi_visual_keybindings(),
            ))
        }
    }
}

/// reedline undoes with Ctrl-Z, which suspends here, and redoes with Ctrl-G, which everywhere
/// else means: never mind. Terminals send Ctrl-_ and Ctrl-/ as the byte that is read as Ctrl-7.
fn add_undo(bindings: &mut Keybindings) {
    for key in ['7', '_', '/'] {
        bindings.add_binding(
            KeyModifiers::CONTROL,
            KeyCode::Char(key),
            ReedlineEvent::Edit(vec![EditCommand::Undo]),
        );
    }
    bindings.remove_binding(KeyModifiers::CONTROL, KeyCode::Char('z'));
    bindings.remove_binding(KeyModifiers::CONTROL, KeyCode::Char('g'));
    bindings.add_binding(
        KeyModifiers::ALT,
        KeyCode::Char('r'),
        ReedlineEvent::Edit(vec![EditCommand::Redo]),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undo_steps_are_dropped_when_they_hold_too_much() {
        let mut engine = Engine::new(EditModeKind::Emacs);
        engine.insert(&"x".repeat(UNDO_BYTES_MAX / 64));
        for _ in 0..70 {
            engine.insert("y ");
        }
        assert!(engine.undo_bytes < UNDO_BYTES_MAX);
        assert_eq!(engine.text().len(), UNDO_BYTES_MAX / 64 + 140);
        assert_eq!(engine.caret(), engine.text().len());
    }
}
