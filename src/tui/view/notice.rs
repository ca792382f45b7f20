//! Notices: lines above the prompt that go away by themselves.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text;
use crate::protocol::{NoticeLevel, Timestamp};
use crate::sanitize::sanitize;
use crate::tui::theme::{Role, Theme};

/// The notices that have not gone yet, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notices {
    items: Vec<Notice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Notice {
    level: NoticeLevel,
    text: String,
    at: Timestamp,
}

/// More than these are not shown at once.
const SHOWN: usize = 3;
/// A notice takes at most so many rows.
const ROWS: usize = 4;

impl Notices {
    /// Adds a notice; the same one again only begins its time anew.
    pub fn push(&mut self, level: NoticeLevel, text: &str, now: Timestamp) {
        let text = sanitize(text.trim()).into_owned();
        self.items
            .retain(|notice| notice.text != text && !notice.is_over(now));
        let excess = (self.items.len() + 1).saturating_sub(SHOWN);
        self.items.drain(..excess);
        self.items.push(Notice {
            level,
            text,
            at: now,
        });
    }

    /// Takes them all away: at a key, say.
    pub fn dismiss(&mut self) {
        self.items.clear();
    }

    /// When the next one goes away: then a new frame is wanted.
    pub fn next_change(&self, now: Timestamp) -> Option<Duration> {
        let current = self.items.iter().filter(|notice| !notice.is_over(now));
        current.map(|notice| notice.end().since(now)).min()
    }

    /// Rows that they take.
    pub fn height(&self, width: u16, now: Timestamp) -> u16 {
        u16::try_from(self.rows(width, now).len()).unwrap_or(u16::MAX)
    }

    /// Draws them; if there is too little room, the newest.
    pub fn draw(&self, theme: &Theme, now: Timestamp, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let rows = self.rows(area.width, now);
        let skipped = rows.len().saturating_sub(area.height.into());
        for (y, (role, mark, line)) in (area.y..).zip(rows.into_iter().skip(skipped)) {
            let style = theme.style(role);
            let room = usize::from(area.width).saturating_sub(1);
            buf.set_stringn(area.x + 1, y, mark, room, style);
            // The mark tells the level; a whole line in red shouts.
            let style = if role == Role::Error {
                style
            } else {
                theme.style(Role::Text)
            };
            let x = area.x.saturating_add(3);
            if x < area.right() {
                buf.set_stringn(x, y, line, room.saturating_sub(2), style);
            }
        }
    }

    fn rows(&self, width: u16, now: Timestamp) -> Vec<(Role, &'static str, String)> {
        let mut rows = Vec::new();
        let room = usize::from(width).saturating_sub(4).max(1);
        for notice in self.items.iter().filter(|notice| !notice.is_over(now)) {
            let (role, mark) = match notice.level {
                NoticeLevel::Info => (Role::Accent, "•"),
                NoticeLevel::Warning => (Role::Warning, "!"),
                NoticeLevel::Error => (Role::Error, "✗"),
            };
            let mut lines = text::wrap_words(&notice.text, room);
            if lines.len() > ROWS {
                lines.truncate(ROWS);
                if let Some(last) = lines.last_mut() {
                    *last = text::fit(&format!("{last} …"), room).into_owned();
                }
            }
            for (at, line) in lines.into_iter().enumerate() {
                rows.push((role, if at == 0 { mark } else { "" }, line));
            }
        }
        rows
    }
}

impl Notice {
    fn end(&self) -> Timestamp {
        // About the time that it takes to read them.
        let words = u64::try_from(self.text.split_whitespace().count()).unwrap_or(0);
        let base = match self.level {
            NoticeLevel::Info => 3_000,
            NoticeLevel::Warning => 6_000,
            NoticeLevel::Error => 10_000,
        };
        Timestamp(self.at.0.saturating_add(base + 250 * words))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.end()
    }
}
