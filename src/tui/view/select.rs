//! A small list to choose from. What is chosen is shown while it is chosen: the app applies
//! [`Select::current`] after every move.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::popup;
use super::text;
use crate::protocol::Language;
use crate::tui::highlight::highlight;
use crate::tui::theme::{Role, Theme};

/// A list and the item that it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Select {
    title: String,
    items: Vec<String>,
    at: usize,
    /// The item that it began with, to go back to.
    before: usize,
}

/// Items in view at once.
const ROWS: usize = 10;

/// Shows what a theme does.
const SAMPLE: &str = "def area(r):  # of a circle\n    return 3.14159 * r ** 2, \"m²\"";

impl Select {
    /// A list that stands on `current`, or on its first item.
    pub fn new(title: &str, items: Vec<String>, current: &str) -> Self {
        let at = items.iter().position(|item| item == current).unwrap_or(0);
        Self {
            title: title.to_owned(),
            items,
            at,
            before: at,
        }
    }

    /// The item that it stands on.
    pub fn current(&self) -> Option<&str> {
        self.items.get(self.at).map(String::as_str)
    }

    /// The item that it began with: for who leaves without choosing.
    pub fn before(&self) -> Option<&str> {
        self.items.get(self.before).map(String::as_str)
    }

    /// Items down, or up if negative, around the ends.
    pub fn move_by(&mut self, items: isize) {
        let count = isize::try_from(self.items.len()).unwrap_or(isize::MAX);
        let at = isize::try_from(self.at).unwrap_or(0);
        if count > 0 {
            self.at = usize::try_from((at + items).rem_euclid(count)).unwrap_or(0);
        }
    }

    /// To the next item that begins with a letter.
    pub fn move_to_letter(&mut self, letter: char) {
        let order = (1..=self.items.len()).map(|step| (self.at + step) % self.items.len());
        let mut order = order.filter(|&at| self.items[at].starts_with(letter));
        self.at = order.next().unwrap_or(self.at);
    }

    /// Draws it in the middle of the area, with a sample of the theme's colours below.
    pub fn draw(&self, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let items = self.items.iter().map(|item| text::width(item)).max();
        let sample = SAMPLE.lines().map(text::width).max().unwrap_or(0);
        let width = items.unwrap_or(0).max(sample).max(text::width(&self.title)) + 8;
        let shown = self.items.len().min(ROWS);
        let height = shown + 2 + 3;
        let size = |count| u16::try_from(count).unwrap_or(u16::MAX);
        let area = popup::centered(area, size(width), size(height));
        let inner = popup::frame(&self.title, theme, area, buf);
        let ground = theme.style(Role::Popup);

        let most = usize::from(inner.height.saturating_sub(3)).clamp(1, ROWS);
        let first = self.at.saturating_sub(most / 2);
        let first = first.min(self.items.len().saturating_sub(most));
        let rows = inner.y..inner.bottom();
        for (y, (at, item)) in rows
            .clone()
            .zip(self.items.iter().enumerate().skip(first).take(most))
        {
            let is_current = at == self.at;
            let style = match is_current {
                true => ground.patch(theme.style(Role::PopupSelected)),
                false => ground,
            };
            let mark = if is_current { "❯" } else { " " };
            let room = usize::from(inner.width);
            let line = text::fit(&format!("{mark} {item}"), room).into_owned();
            let line = format!("{line:<room$}");
            buf.set_stringn(inner.x, y, line, room, style);
        }
        let sample_at = rows.start.saturating_add(size(shown.min(most)) + 1);
        let lines = SAMPLE.lines().zip(sample_at..inner.bottom());
        for (line, y) in lines {
            let mut x = inner.x + 2;
            for (role, piece) in coloured(line) {
                let room = usize::from(inner.right().saturating_sub(x));
                (x, _) = buf.set_stringn(x, y, piece, room, ground.patch(theme.style(role)));
            }
        }
    }
}

/// A line of Python of our own in its colours.
fn coloured(line: &str) -> Vec<(Role, &str)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for (range, role) in highlight(Language::Python, line) {
        pieces.push((Role::Text, line.get(at..range.start).unwrap_or_default()));
        pieces.push((role, line.get(range.clone()).unwrap_or_default()));
        at = range.end;
    }
    pieces.push((Role::Text, line.get(at..).unwrap_or_default()));
    pieces
}
