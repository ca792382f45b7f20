//! The help: slash commands and keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::popup;
use super::text;
use crate::protocol::slash::{SLASH, SlashSpec};
use crate::tui::theme::{Role, Theme};

/// The overlay's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Help {
    first: usize,
}

/// A line of the help.
enum Entry {
    Heading(&'static str),
    Item(String, String),
    Gap,
}

impl Help {
    /// Lines down, or up if negative; `keys` as for [`Self::draw`].
    pub fn scroll_by(&mut self, keys: &[(&str, &str)], area: Rect, lines: isize) {
        let rows = rows(keys, room(area).width.into());
        let most = rows.len().saturating_sub(room(area).height.into());
        self.first = self.first.saturating_add_signed(lines).min(most);
    }

    /// Draws it over the middle of the area. `keys` are keys and what they do.
    pub fn draw(&self, keys: &[(&str, &str)], theme: &Theme, area: Rect, buf: &mut Buffer) {
        let title = "help · ↑ ↓ scroll · esc closes";
        let inner = popup::frame(title, theme, outer(area), buf);
        let ground = theme.style(Role::Popup);
        let lines = rows(keys, inner.width.into());
        let lines = lines.iter().skip(self.first).take(inner.height.into());
        for (y, line) in (inner.y..).zip(lines) {
            let mut x = inner.x;
            for (role, piece) in line {
                let style = ground.patch(theme.style(*role));
                let room = usize::from(inner.right().saturating_sub(x));
                (x, _) = buf.set_stringn(x, y, piece, room, style);
            }
        }
    }
}

/// All that there is to say about one command, in a sentence or two.
pub(crate) fn about(spec: &SlashSpec) -> String {
    let mut text = format!("{}: {}", usage(spec), spec.summary);
    if !spec.aliases.is_empty() {
        let names: Vec<_> = spec.aliases.iter().map(|name| format!("/{name}")).collect();
        text.push_str("; also ");
        text.push_str(&names.join(" and "));
    }
    text
}

fn usage(spec: &SlashSpec) -> String {
    format!("/{} {}", spec.name, spec.usage)
        .trim_end()
        .to_owned()
}

fn outer(area: Rect) -> Rect {
    let width = area.width.saturating_sub(2).min(96);
    popup::centered(area, width, area.height.saturating_sub(2).max(3))
}

fn room(area: Rect) -> Rect {
    let outer = outer(area);
    Rect {
        width: outer.width.saturating_sub(4),
        height: outer.height.saturating_sub(2),
        ..outer
    }
}

fn entries(keys: &[(&str, &str)]) -> Vec<Entry> {
    let mut entries = vec![Entry::Heading("Commands")];
    let command = |spec: &SlashSpec| Entry::Item(usage(spec), spec.summary.to_owned());
    entries.extend(SLASH.iter().map(command));
    entries.extend([Entry::Gap, Entry::Heading("Keys")]);
    let key = |(key, what): &(&str, &str)| Entry::Item((*key).to_owned(), (*what).to_owned());
    entries.extend(keys.iter().map(key));
    entries
}

/// The lines, wrapped. On a narrow screen, or if its name is long, what something does stands
/// below it.
fn rows(keys: &[(&str, &str)], width: usize) -> Vec<Vec<(Role, String)>> {
    let entries = entries(keys);
    let names = entries.iter().map(|entry| match entry {
        Entry::Item(name, _) => text::width(name),
        Entry::Heading(_) | Entry::Gap => 0,
    });
    let column = names.max().unwrap_or(0).min(34) + 2;
    let is_narrow = width < column + 24;
    let mut rows = Vec::new();
    for entry in entries {
        match entry {
            Entry::Gap => rows.push(Vec::new()),
            Entry::Heading(title) => rows.push(vec![(Role::Accent, title.to_owned())]),
            Entry::Item(name, what) => {
                let indent = if is_narrow { 2 } else { column };
                let mut what = text::wrap_words(&what, width.saturating_sub(indent)).into_iter();
                if is_narrow || text::width(&name) >= column {
                    rows.push(vec![(Role::SyntaxSlash, name)]);
                } else {
                    let gap = column.saturating_sub(text::width(&name));
                    let name = (Role::SyntaxSlash, name + &" ".repeat(gap));
                    rows.push(vec![name, (Role::Popup, what.next().unwrap_or_default())]);
                }
                rows.extend(what.map(|line| vec![(Role::Popup, " ".repeat(indent) + &line)]));
            }
        }
    }
    rows
}
