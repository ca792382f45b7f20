//! The prompt on the screen. Only what is visible is laid out, so that a pasted megabyte costs
//! little more than a line.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::Prompt;
use super::layout::{self, glyphs, one_line};
use crate::protocol::{Language, slash};
use crate::tui::theme::{Role, Theme};

/// More rows than any screen has: counting stops there.
const ROWS_MAX: usize = 500;
/// Lines from this length on are not wrapped anew for every frame.
const LONG_LINE_BYTES: usize = 4 << 10;

/// Where the rows of long lines begin, kept while the text and the width are the same.
#[derive(Default)]
pub(super) struct Wraps {
    revision: u64,
    columns: usize,
    lines: HashMap<usize, Rc<[usize]>>,
}

/// A text cut into lines and rows.
struct Layout<'a> {
    text: &'a str,
    wraps: RefCell<&'a mut Wraps>,
    lines: Vec<Range<usize>>,
    /// Columns of a row, without the mark.
    width: usize,
    caret: Place,
}

/// A row, and a column in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    line: usize,
    row: usize,
    column: usize,
}

impl<'a> Layout<'a> {
    fn new(prompt: &'a Prompt, wraps: &'a mut Wraps, width: usize) -> Self {
        let text = prompt.text();
        let caret = prompt.engine.caret();
        let revision = prompt.engine.revision();
        if (wraps.revision, wraps.columns) != (revision, width) {
            wraps.lines.clear();
            (wraps.revision, wraps.columns) = (revision, width);
        }
        let mut lines = Vec::new();
        let mut start = 0;
        for (end, _) in text.match_indices('\n') {
            lines.push(start..end);
            start = end + 1;
        }
        lines.push(start..text.len());
        let line = lines
            .partition_point(|line| line.end < caret)
            .min(lines.len() - 1);
        let range = lines[line].clone();
        let within = &text[range.clone()];
        let offset = caret.clamp(range.start, range.end) - range.start;
        let mut layout = Self {
            text,
            wraps: RefCell::new(wraps),
            lines,
            width,
            caret: Place {
                line,
                row: 0,
                column: 0,
            },
        };
        let rows = layout.starts(line);
        let mut row = rows.partition_point(|start| *start <= offset) - 1;
        let before = within.get(rows[row]..offset).unwrap_or_default();
        let mut column = layout::width(before);
        if column >= width {
            row += 1;
            column = 0;
        }
        layout.caret = Place { line, row, column };
        layout
    }

    /// Where the rows of a line begin.
    fn starts(&self, line: usize) -> Rc<[usize]> {
        let within = &self.text[self.lines[line].clone()];
        if within.len() < LONG_LINE_BYTES {
            return layout::wrap(within, self.width).into();
        }
        let mut wraps = self.wraps.borrow_mut();
        let starts = wraps.lines.entry(line);
        Rc::clone(starts.or_insert_with(|| layout::wrap(within, self.width).into()))
    }

    /// Rows of a line; the caret behind a full row opens one more.
    fn rows(&self, line: usize) -> usize {
        let rows = self.starts(line).len();
        if line == self.caret.line {
            rows.max(self.caret.row + 1)
        } else {
            rows
        }
    }

    /// Rows from a place to the end, or `limit`.
    fn rows_from(&self, (line, row): (usize, usize), limit: usize) -> usize {
        let mut count = 0;
        for line in line..self.lines.len() {
            count += self.rows(line);
            if count >= limit + row {
                return limit;
            }
        }
        count - row
    }

    /// The place `rows` above another, or the first.
    fn above(&self, (mut line, mut row): (usize, usize), mut rows: usize) -> (usize, usize) {
        loop {
            if row >= rows {
                return (line, row - rows);
            }
            rows -= row + 1;
            if line == 0 {
                return (0, 0);
            }
            line -= 1;
            row = self.rows(line) - 1;
        }
    }

    /// The first row to show so that the caret is among `height` rows, moved as little as can be.
    fn scroll(&self, top: (usize, usize), height: usize) -> (usize, usize) {
        let caret = (self.caret.line, self.caret.row);
        let last_line = self.lines.len() - 1;
        let last = (last_line, self.rows(last_line) - 1);
        let lowest = self.above(last, height - 1);
        let top = top.min(lowest).min(caret);
        top.max(self.above(caret, height - 1))
    }
}

impl Prompt {
    /// The height that shows everything behind a mark, at a width. The caller caps it.
    pub(crate) fn rows(&self, width: u16, mark: &str) -> u16 {
        let width = usize::from(width);
        let columns = width.saturating_sub(mark.width());
        let mut wraps = self.wraps.borrow_mut();
        let layout = Layout::new(self, &mut wraps, columns.max(1));
        u16::try_from(layout.rows_from((0, 0), ROWS_MAX)).unwrap_or(u16::MAX)
    }

    /// Draws the text in progress behind a mark; where the caret is.
    pub(crate) fn draw(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        theme: &Theme,
        language: Language,
        mark: &str,
    ) -> Position {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return area.as_position();
        }
        buffer.set_style(area, theme.style(Role::Text));
        let indent = mark.width();
        let columns = usize::from(area.width).saturating_sub(indent).max(1);
        let text = self.text();
        let language = slash::language_of(language, text);
        let mut wraps = self.wraps.borrow_mut();
        let layout = Layout::new(self, &mut wraps, columns);
        let top = layout.scroll(self.top.get(), usize::from(area.height));
        self.top.set(top);

        let left = area.x.saturating_add(cells(indent)).min(area.right() - 1);
        let mut caret = Position::new(left, area.y);
        let mut highlighter = self.highlighter.borrow_mut();
        let painter = Painter {
            theme,
            spans: highlighter.update(language, text),
            selection: self.engine.selection(),
        };
        let (mut line, mut row) = top;
        let mut starts = layout.starts(line);
        for y in area.y..area.bottom() {
            let head = match (line, row) {
                (0, 0) => Some((mark.to_owned(), Role::Prompt)),
                (_, 0) => Some((format!("{:>indent$}", "· "), Role::PromptContinuation)),
                _ => None,
            };
            if let Some((head, role)) = head {
                buffer.set_stringn(area.x, y, head, area.width.into(), theme.style(role));
            }
            let range = layout.lines[line].clone();
            let within = &text[range.clone()];
            if let Some(&start) = starts.get(row) {
                let end = starts.get(row + 1).copied().unwrap_or(within.len());
                let row_area = Rect::new(left, y, area.right() - left, 1);
                painter.row(buffer, row_area, &within[start..end], range.start + start);
            }
            if (line, row) == (layout.caret.line, layout.caret.row) {
                let column = cells(layout.caret.column);
                caret = Position::new(left.saturating_add(column).min(area.right() - 1), y);
            }
            row += 1;
            if row >= starts.len().max(layout.rows(line)) {
                line += 1;
                row = 0;
                if line >= layout.lines.len() {
                    break;
                }
                starts = layout.starts(line);
            }
        }
        if let Some(hint) = &self.hint {
            let space = usize::from(area.right() - caret.x);
            let style = with_fallback(theme.style(Role::Hint), Modifier::DIM);
            // Its first line as it would be typed, the others behind it.
            let (line, rest) = hint.split_at(hint.find('\n').unwrap_or(hint.len()));
            let line = glyphs(line).map(|glyph| glyph.shown.into_owned());
            let rest = one_line(rest, space).into_iter().map(|(_, piece)| piece);
            let shown: String = line.chain(rest).collect();
            buffer.set_stringn(caret.x, caret.y, shown, space, style);
        }
        self.anchor.set(caret);
        caret
    }
}

/// Puts letters into the buffer.
struct Painter<'a> {
    theme: &'a Theme,
    spans: &'a [(Range<usize>, Role)],
    selection: Option<(usize, usize)>,
}

impl Painter<'_> {
    /// A row that begins at byte `start` of the text.
    fn row(&self, buffer: &mut Buffer, area: Rect, text: &str, start: usize) {
        let mut column = 0;
        for glyph in glyphs(text) {
            let space = usize::from(area.width).saturating_sub(column);
            let at = start + glyph.offset;
            let mut style = self.theme.style(self.role(at));
            if glyph.is_name {
                style = with_fallback(self.theme.style(Role::Dim), Modifier::DIM);
            }
            if self
                .selection
                .is_some_and(|(from, to)| from <= at && at < to)
            {
                style = style.patch(with_fallback(
                    self.theme.style(Role::Selection),
                    Modifier::REVERSED,
                ));
            }
            let x = area.x.saturating_add(cells(column));
            buffer.set_stringn(x, area.y, &glyph.shown, space, style);
            column += glyph.width;
        }
    }

    fn role(&self, at: usize) -> Role {
        let after = self.spans.partition_point(|(range, _)| range.end <= at);
        match self.spans.get(after) {
            Some((range, role)) if range.contains(&at) => *role,
            _ => Role::Text,
        }
    }
}

/// A style that shows even where the theme has no colour for it.
pub(super) fn with_fallback(style: Style, modifier: Modifier) -> Style {
    if style == Style::default() {
        style.add_modifier(modifier)
    } else {
        style
    }
}

/// Columns as the terminal counts them.
pub(super) fn cells(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}
