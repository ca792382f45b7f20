//! What an empty transcript shows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text;
use crate::protocol::Language;
use crate::tui::highlight::highlight;
use crate::tui::theme::{Role, Theme};

/// Things to try: what to type, and what comes of it.
const TRY: [(&str, &str); 3] = [
    ("sum(n * n for n in range(10))", "Enter runs it"),
    ("/js [1, 2, 3].map(n => n * n)", "a line of JavaScript"),
    ("/show picture.png", "look at a picture"),
];

/// Rows that it takes, with an empty one before the prompt.
pub(crate) const HEIGHT: u16 = 9;

/// Draws it from the top of the area; on a screen that is too low it leaves its end out.
pub(crate) fn draw(theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let mut pen = Pen {
        theme,
        area,
        x: 0,
        y: 0,
        buf,
    };
    pen.line(1, 2);
    pen.put("companion", Role::Accent);
    if area.width >= 50 {
        pen.put("  Python and JavaScript, side by side", Role::Text);
    }
    let column = 6 + TRY
        .iter()
        .map(|(code, _)| text::width(code))
        .max()
        .unwrap_or(0);
    for (row, (code, what)) in (3..).zip(TRY) {
        pen.line(row, 2);
        pen.put("❯ ", Role::Prompt);
        pen.code(code);
        if column + text::width(what) + 2 < usize::from(area.width) {
            pen.line(row, u16::try_from(column).unwrap_or(u16::MAX));
            pen.put(what, Role::Dim);
        }
    }
    pen.line(7, 2);
    pen.put("/help", Role::SyntaxSlash);
    pen.put(" lists keys and commands", Role::Dim);
    if area.width >= 50 {
        pen.put(" · ", Role::Dim);
        pen.put("ctrl-d", Role::Text);
        pen.put(" leaves", Role::Dim);
    }
}

/// Writes along a line.
struct Pen<'a> {
    theme: &'a Theme,
    area: Rect,
    x: u16,
    y: u16,
    buf: &'a mut Buffer,
}

impl Pen<'_> {
    fn line(&mut self, y: u16, x: u16) {
        (self.x, self.y) = (x, y);
    }

    fn put(&mut self, text: &str, role: Role) {
        if self.y >= self.area.height || self.x >= self.area.width {
            return;
        }
        let room = usize::from(self.area.width - self.x);
        let (x, y) = (self.area.x + self.x, self.area.y + self.y);
        let (x, _) = self
            .buf
            .set_stringn(x, y, text, room, self.theme.style(role));
        self.x = x - self.area.x;
    }

    fn code(&mut self, code: &str) {
        let (language, code) = match code.split_once(' ') {
            Some((command, rest)) if command.starts_with('/') => {
                self.put(command, Role::SyntaxSlash);
                self.put(" ", Role::Text);
                ((command == "/js").then_some(Language::JavaScript), rest)
            }
            _ => (Some(Language::Python), code),
        };
        let mut at = 0;
        for (range, role) in language
            .map(|language| highlight(language, code))
            .unwrap_or_default()
        {
            self.put(code.get(at..range.start).unwrap_or_default(), Role::Text);
            self.put(code.get(range.clone()).unwrap_or_default(), role);
            at = range.end;
        }
        self.put(code.get(at..).unwrap_or_default(), Role::Text);
    }
}
