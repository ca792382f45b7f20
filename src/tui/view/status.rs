//! The status line.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw::{QUIET, elapsed_time, spinner};
use super::text;
use super::transcript::Position;
use crate::protocol::{Cost, KernelStatus, Language, SessionGrant, SessionId};
use crate::sanitize::sanitize;
use crate::tui::theme::{Role, Theme};

/// What the status line tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusLine<'a> {
    /// The language of the next cell.
    pub language: Language,
    /// The edit mode: `emacs`, `vi insert`.
    pub mode: &'a str,
    /// The state of that language's kernel.
    pub kernel: &'a KernelStatus,
    /// What runs, in any kernel, and for how long.
    pub running: Option<(Language, Duration)>,
    /// Steps of the picture that is being made, and how many it takes.
    pub imagining: Option<(u32, u32)>,
    /// Cells that wait.
    pub queued: usize,
    /// Whether a cell waits for a permission.
    pub is_asked: bool,
    /// What cells may do beyond their jail.
    pub grants: &'a [SessionGrant],
    /// What the last cell cost.
    pub last_cost: Option<Cost>,
    /// Where the transcript's view stands.
    pub position: Position,
    /// The number of the match, from 1, and how many there are, while a search is on.
    pub matches: Option<(usize, usize)>,
    /// The session.
    pub session: &'a SessionId,
    /// Keys and what they do, the most useful first.
    pub hints: &'a [(&'a str, &'a str)],
}

/// A piece of the line. The less important go first when there is no room.
struct Piece {
    text: String,
    role: Role,
    /// 0 always stays.
    rank: u8,
}

/// Columns between pieces.
const GAP: usize = 2;

impl StatusLine<'_> {
    /// Draws it over the first row of the area.
    pub fn draw(&self, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let width = usize::from(area.width);
        let ground = theme.style(Role::Status);
        buf.set_stringn(area.x, area.y, " ".repeat(width), width, ground);

        let (mut left, mut right) = (self.left(width), self.right());
        while extent(&left) + extent(&right) + GAP > width {
            let rank = |pieces: &[Piece]| pieces.iter().map(|piece| piece.rank).max();
            let worst = rank(&left).max(rank(&right)).unwrap_or(0);
            if worst == 0 {
                right.clear();
                break;
            }
            let side = if rank(&right) == Some(worst) {
                &mut right
            } else {
                &mut left
            };
            if let Some(at) = side.iter().rposition(|piece| piece.rank == worst) {
                side.remove(at);
            }
        }
        let mut put = |x: usize, piece: &Piece| {
            let room = width.saturating_sub(x);
            let style = ground.patch(theme.style(piece.role));
            let x = area.x + u16::try_from(x).unwrap_or(u16::MAX).min(area.width);
            buf.set_stringn(x, area.y, &piece.text, room, style);
        };
        let mut x = 1;
        for piece in &left {
            put(x, piece);
            x += text::width(&piece.text) + GAP;
        }
        let mut x = width.saturating_sub(extent(&right));
        for piece in &right {
            put(x, piece);
            x += text::width(&piece.text) + GAP;
        }
    }

    fn left(&self, width: usize) -> Vec<Piece> {
        let piece = |text: String, role, rank| Piece { text, role, rank };
        let mut pieces = vec![
            piece(self.language.title().into(), Role::StatusLanguage, 0),
            piece(self.mode.into(), Role::StatusMode, 5),
        ];
        let running = self.running.filter(|(_, elapsed)| *elapsed >= QUIET);
        match (running, self.kernel) {
            // In the place of `idle`: what is over at once flickers less.
            (None, _) if self.running.is_some() => {
                pieces.push(piece("busy".into(), Role::Status, 6));
            }
            (Some((language, elapsed)), _) => {
                let mut text = format!("{} {}", spinner(elapsed), elapsed_time(elapsed));
                if language != self.language {
                    text.push_str(" in ");
                    text.push_str(language.short());
                }
                pieces.push(piece(text, Role::StatusBusy, 1));
            }
            (None, _) if self.is_asked => {
                pieces.push(piece("asks".into(), Role::StatusBusy, 1));
            }
            (None, KernelStatus::Starting) => {
                pieces.push(piece("starting".into(), Role::StatusBusy, 1));
            }
            (None, KernelStatus::Failed(_)) => {
                pieces.push(piece("no kernel: /doctor".into(), Role::Error, 1));
            }
            (None, KernelStatus::Busy) => pieces.push(piece("busy".into(), Role::StatusBusy, 1)),
            (None, KernelStatus::Idle) => pieces.push(piece("idle".into(), Role::Status, 6)),
            (None, KernelStatus::NotStarted) => {}
        }
        if let Some((done, total)) = self.imagining {
            let text = match total {
                0 => "imagine".to_owned(),
                total => format!("imagine {done}/{total}"),
            };
            pieces.push(piece(text, Role::StatusBusy, 2));
        }
        if self.queued > 0 {
            let text = format!("{} queued", self.queued);
            pieces.push(piece(text, Role::StatusBusy, 3));
        }
        if let Some(text) = self.grants(width / 4) {
            pieces.push(piece(text, Role::Warning, 2));
        }
        if let (Some(cost), None) = (self.last_cost, running) {
            let mut text = format!("last {}", text::duration(cost.execution_time));
            if cost.peak_memory_bytes > 0 {
                text.push_str(" · ");
                text.push_str(&text::bytes(cost.peak_memory_bytes));
            }
            pieces.push(piece(text, Role::Status, 7));
        }
        pieces
    }

    /// What holds beyond the jail: `+read /data`, or a number where there is more, or no room.
    fn grants(&self, room: usize) -> Option<String> {
        match self.grants {
            [] => None,
            [one] => {
                let text = format!("+{}", sanitize(&one.grant.to_string()));
                let fits = text::width(&text) <= room && !text.contains('\n');
                Some(if fits { text } else { "+1 grant".to_owned() })
            }
            more => Some(format!("+{} grants", more.len())),
        }
    }

    fn right(&self) -> Vec<Piece> {
        let piece = |text: String, role, rank| Piece { text, role, rank };
        let mut pieces = Vec::new();
        for (at, (key, what)) in self.hints.iter().enumerate() {
            let rank = 9 + u8::try_from(at).unwrap_or(u8::MAX - 9);
            pieces.push(piece(format!("{key} {what}"), Role::Status, rank));
        }
        // Its last digits are the random ones.
        let session = &self.session.0;
        let short = session.len().saturating_sub(4);
        let short = session.get(short..).unwrap_or_default();
        pieces.push(piece(format!("#{short}"), Role::Status, 8));
        if let Some((number, count)) = self.matches {
            let text = match count {
                0 => "no match".into(),
                _ => format!("{number} of {count}"),
            };
            pieces.push(piece(text, Role::StatusMode, 2));
        }
        let position = match self.position {
            Position::All | Position::End => None,
            Position::Top => Some("top".to_owned()),
            Position::Percent(percent) => Some(format!("{percent}%")),
        };
        pieces.extend(position.map(|text| piece(text, Role::StatusMode, 4)));
        pieces
    }
}

/// Columns of pieces with a gap after each.
fn extent(pieces: &[Piece]) -> usize {
    let columns = pieces.iter().map(|piece| text::width(&piece.text) + GAP);
    columns.sum()
}
