//! The question before a call of a tool, while it takes the keys.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::App;
use super::keymap::Action;
use super::layers::Layer;
use super::sandbox::READING;
use super::view::approval::{Answering, Modal};
use crate::protocol::{Approval, ApprovalId, CellId, Command, Decision, Scope, Timestamp, Width};
use crate::session::Body;

/// A question, while it takes the keys.
#[derive(Debug)]
pub(super) struct Asked {
    pub approval: ApprovalId,
    cell: CellId,
    pub modal: Modal,
    width: Width,
    /// When it came to be seen, or a key came too soon after that.
    since: Timestamp,
}

impl Asked {
    /// How long until keys are answers; `None` if they are.
    pub fn opens_in(&self, now: Timestamp) -> Option<Duration> {
        let rest = READING.saturating_sub(now.since(self.since));
        (!rest.is_zero()).then_some(rest)
    }

    /// How it stands at this time, with so many questions behind it.
    pub fn answering(&self, now: Timestamp, behind: usize) -> Answering {
        Answering {
            width: self.width,
            behind,
            is_open: self.opens_in(now).is_none(),
        }
    }
}

impl App {
    /// A call asks: shows it, behind those that asked before.
    pub fn ask_approval(&mut self, approval: &Approval) {
        let cell = self.transcript.get(approval.cell);
        let code = cell.and_then(|entry| match &entry.body {
            Body::Cell(cell) => Some(cell.label()),
            _ => None,
        });
        let asked = Layer::Approve(Box::new(Asked {
            approval: approval.approval,
            cell: approval.cell,
            modal: Modal::new(approval, code.as_deref().unwrap_or("a cell")),
            width: Width::Arguments,
            since: self.now,
        }));
        let is_asked = |layer: &Layer| matches!(layer, Layer::Approve(_));
        let at = self.layers.iter().position(is_asked);
        self.layers.insert(at.unwrap_or(self.layers.len()), asked);
    }

    /// The question is answered, or nobody wants to know any more.
    pub fn end_approval(&mut self, approval: ApprovalId) {
        self.layers
            .retain(|layer| !matches!(layer, Layer::Approve(asked) if asked.approval == approval));
        self.read_anew();
    }

    /// The next question has not been read yet: a key that is pressed twice answers one.
    fn read_anew(&mut self) {
        if let Some(Layer::Approve(next)) = self.layers.last_mut() {
            next.since = self.now;
        }
    }

    /// Questions of calls that wait behind the one on top.
    pub fn approvals_behind(&self) -> usize {
        let is_asked = |layer: &&Layer| matches!(layer, Layer::Approve(_));
        self.layers
            .iter()
            .filter(is_asked)
            .count()
            .saturating_sub(1)
    }

    /// A key while a call asks; whether it goes on asking. The layer has been taken off.
    pub fn approval_key(&mut self, asked: &mut Asked, key: KeyEvent) -> bool {
        let Asked {
            approval,
            cell,
            width,
            ..
        } = *asked;
        if self.keymap.action(key) == Some(Action::Interrupt) {
            // Not only the answer: who asks is to stop.
            self.send(Command::Interrupt { cell: Some(cell) });
            self.read_anew();
            return false;
        }
        if asked.opens_in(self.now).is_some() {
            asked.since = self.now;
            self.prompt_key(key);
            return true;
        }
        let is_bare = (key.modifiers - KeyModifiers::SHIFT).is_empty();
        let allow = |scope| Decision::Allow { scope, width };
        let decision = match key.code {
            KeyCode::Esc => Decision::Deny,
            KeyCode::Char(letter) if is_bare => match letter.to_ascii_lowercase() {
                'n' => Decision::Deny,
                'y' => Decision::Allow {
                    scope: Scope::Once,
                    width: Width::Arguments,
                },
                's' => allow(Scope::Session),
                'p' => allow(Scope::Project),
                'a' => allow(Scope::Always),
                't' => {
                    asked.width = match width {
                        Width::Arguments => Width::Tool,
                        Width::Tool => Width::Arguments,
                    };
                    return true;
                }
                _ => return true,
            },
            code => {
                self.scroll_approval(asked, code);
                return true;
            }
        };
        self.send(Command::Decide { approval, decision });
        self.read_anew();
        false
    }

    fn scroll_approval(&self, asked: &mut Asked, code: KeyCode) {
        let answering = asked.answering(self.now, 0);
        let (modal, screen) = (&mut asked.modal, self.above_status());
        match code {
            KeyCode::Up => modal.scroll_by(answering, screen, -1),
            KeyCode::Down | KeyCode::Enter => modal.scroll_by(answering, screen, 1),
            KeyCode::PageUp => modal.page(answering, screen, -1),
            KeyCode::PageDown => modal.page(answering, screen, 1),
            KeyCode::Home => modal.scroll_by(answering, screen, isize::MIN),
            KeyCode::End => modal.scroll_by(answering, screen, isize::MAX),
            _ => {}
        }
    }
}
