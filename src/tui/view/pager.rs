//! A pager over the whole output of a cell: up to 64 MiB, of which a frame reads a screenful.

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Clear, Widget};

use super::rows::wrap;
use super::search::Needle;
use super::text;
use crate::sanitize::{LineWriter, Run};
use crate::tui::theme::{Role, Theme};

/// A text, the place in it that is read, and what is looked for.
#[derive(Debug)]
pub(crate) struct Pager {
    title: String,
    text: Arc<str>,
    index: Index,
    top: Top,
    search: Option<Found>,
}

/// The view's first row: a row of a line, which may have many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Top {
    line: usize,
    row: usize,
}

#[derive(Debug)]
struct Found {
    query: String,
    /// The line of the match; none if there is none anywhere.
    line: Option<usize>,
}

/// Of a longer line only the beginning is shown.
const LINE_BYTES: usize = 64 << 10;

impl Pager {
    /// Opens a text at its start. `title` says what it is.
    pub fn new(title: &str, text: Arc<str>) -> Self {
        Self {
            title: crate::sanitize::sanitize(title).replace('\n', " "),
            index: Index::new(&text),
            text,
            top: Top::default(),
            search: None,
        }
    }

    /// How many lines it has.
    pub fn lines(&self) -> usize {
        self.index.lines
    }

    /// Rows down, or up if negative. `area` is the whole of the pager's, here and below.
    pub fn scroll_by(&mut self, area: Rect, rows: isize) {
        let width = usize::from(area.width);
        let mut left = rows.unsigned_abs();
        if rows < 0 {
            while left > self.top.row {
                left -= self.top.row;
                let Some(line) = self.top.line.checked_sub(1) else {
                    self.top = Top::default();
                    return;
                };
                self.top = Top {
                    line,
                    row: self.rows_of(line, width),
                };
            }
            self.top.row -= left;
            return;
        }
        loop {
            let below = self
                .rows_of(self.top.line, width)
                .saturating_sub(self.top.row);
            if left < below || self.top.line + 1 >= self.lines() {
                self.top.row += left.min(below.saturating_sub(1));
                break;
            }
            left -= below;
            self.top = Top {
                line: self.top.line + 1,
                row: 0,
            };
        }
        self.top = self.top.min(self.last_top(area));
    }

    /// A screen less one row, down or up.
    pub fn page(&mut self, area: Rect, pages: isize) {
        let rows = isize::try_from(body(area).height.saturating_sub(1).max(1)).unwrap_or(1);
        self.scroll_by(area, pages.saturating_mul(rows));
    }

    /// To the first line.
    pub fn scroll_to_start(&mut self) {
        self.top = Top::default();
    }

    /// To the last line.
    pub fn scroll_to_end(&mut self, area: Rect) {
        self.top = self.last_top(area);
    }

    /// Looks for a text from the view's first line on, and around the end. An empty text ends the
    /// search.
    pub fn find(&mut self, area: Rect, query: &str) {
        self.search = (!query.is_empty()).then(|| Found {
            query: query.to_owned(),
            line: None,
        });
        self.seek(area, self.top.line, Direction::Down);
    }

    /// To the next line that matches.
    pub fn next_match(&mut self, area: Rect) {
        let from = self.match_line().map_or(0, |line| line + 1);
        self.seek(area, from, Direction::Down);
    }

    /// To the line before that matches.
    pub fn previous_match(&mut self, area: Rect) {
        let from = self.match_line().unwrap_or(0).checked_sub(1);
        let from = from.unwrap_or(self.lines().saturating_sub(1));
        self.seek(area, from, Direction::Up);
    }

    /// What is looked for, and whether it was found.
    pub fn search(&self) -> Option<(&str, bool)> {
        let search = self.search.as_ref()?;
        Some((&search.query, search.line.is_some()))
    }

    /// Draws a title, the text, and a line that says where in it one is.
    pub fn draw(&self, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let width = usize::from(area.width);
        Clear.render(area, buf);
        if let Some(screen) = theme.screen_style() {
            buf.set_style(area, screen);
        }
        let bar = |y: u16, text: &str, role: Role, buf: &mut Buffer| {
            let style = theme.style(Role::Status);
            let line = format!(
                "{:<width$}",
                format!(" {}", text::fit(text, width.saturating_sub(2)))
            );
            buf.set_stringn(area.x, y, line, width, style.patch(theme.style(role)));
        };
        bar(area.y, &self.title, Role::StatusLanguage, buf);
        let body = body(area);
        let mut y = body.y;
        let mut line = self.top.line;
        while y < body.bottom() && line < self.lines() {
            let skipped = if line == self.top.line {
                self.top.row
            } else {
                0
            };
            let room = usize::from(body.bottom() - y);
            for row in self.rows(line, width).iter().skip(skipped).take(room) {
                let mut x = body.x;
                for (style, piece) in row {
                    let style = theme.style(Role::Text).patch(style.resolve(theme));
                    let room = usize::from(body.right().saturating_sub(x));
                    (x, _) = buf.set_stringn(x, y, piece, room, style);
                }
                y += 1;
            }
            line += 1;
        }
        if area.height > 1 {
            bar(
                area.bottom() - 1,
                &self.place(line, area),
                Role::Status,
                buf,
            );
        }
    }

    /// `lines 1–40 of 99,999 · 0% · / finds · q closes`
    fn place(&self, end: usize, area: Rect) -> String {
        let count = |number: usize| text::count(number as u64);
        let total = self.lines();
        let at_end = self.top >= self.last_top(area);
        let percent = if at_end {
            100
        } else {
            self.top.line * 100 / total.max(1)
        };
        let (first, last) = (count((self.top.line + 1).min(total)), count(end));
        let mut place = format!(
            "{first}–{last} of {} · {percent}%",
            text::plural(total as u64, "line")
        );
        if let Some((query, found)) = self.search() {
            let query = text::fit(query, 20);
            let what = if found { "n N" } else { "is not in it" };
            let _ = write!(place, " · {query:?} {what}");
        }
        place.push_str(" · / finds · q closes");
        place
    }

    fn match_line(&self) -> Option<usize> {
        self.search.as_ref()?.line
    }

    fn seek(&mut self, area: Rect, from: usize, direction: Direction) {
        let Some(search) = &self.search else { return };
        let needle = Needle::new(&search.query);
        let found = match direction {
            Direction::Down => {
                let from = from.min(self.lines());
                self.first_match(&needle, from..self.lines())
                    .or_else(|| self.first_match(&needle, 0..from))
            }
            Direction::Up => {
                let from = (from + 1).min(self.lines());
                self.last_match(&needle, 0..from)
                    .or_else(|| self.last_match(&needle, from..self.lines()))
            }
        };
        if let Some(search) = &mut self.search {
            search.line = found;
        }
        if let Some(line) = found {
            let height = usize::from(body(area).height);
            let is_in_view = line >= self.top.line && line < self.top.line + height / 2;
            if !is_in_view {
                self.top = Top { line, row: 0 };
                self.scroll_by(area, -isize::try_from(height / 3).unwrap_or(0));
                self.top = self.top.min(self.last_top(area));
            }
        }
    }

    fn first_match(&self, needle: &Needle, lines: std::ops::Range<usize>) -> Option<usize> {
        let start = self.index.start(&self.text, lines.start);
        let rest = self.text.get(start..)?;
        let mut rest = rest.split('\n').take(lines.len());
        let at = rest.position(|line| needle.is_in(line))?;
        Some(lines.start + at)
    }

    fn last_match(&self, needle: &Needle, lines: std::ops::Range<usize>) -> Option<usize> {
        let start = self.index.start(&self.text, lines.start);
        let end = self.index.start(&self.text, lines.end);
        let text = self.text.get(start..end)?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut found = text.rsplit('\n').enumerate().take(lines.len());
        let (from_end, _) = found.find(|(_, line)| needle.is_in(line))?;
        lines.end.checked_sub(1 + from_end)
    }

    /// Where the view stands when the last row is at its bottom.
    fn last_top(&self, area: Rect) -> Top {
        let (width, height) = (usize::from(area.width), usize::from(body(area).height));
        let mut left = height;
        let mut line = self.lines();
        while left > 0 {
            let Some(before) = line.checked_sub(1) else {
                return Top::default();
            };
            line = before;
            let rows = self.rows_of(line, width);
            if rows >= left {
                return Top {
                    line,
                    row: rows - left,
                };
            }
            left -= rows;
        }
        Top { line, row: 0 }
    }

    fn rows_of(&self, line: usize, width: usize) -> usize {
        let text = self.line(line);
        // Most lines are short and plain, and their letters a column each.
        if text.len() <= width && text.bytes().all(|byte| byte >= b' ') {
            return 1;
        }
        self.rows(line, width).len()
    }

    fn line(&self, line: usize) -> &str {
        let start = self.index.start(&self.text, line);
        let rest = self.text.get(start..).unwrap_or_default();
        let rest = rest
            .get(..rest.floor_char_boundary(LINE_BYTES))
            .unwrap_or(rest);
        rest.split('\n').next().unwrap_or_default()
    }

    /// The rows of a line. Colours do not reach over its end.
    fn rows(&self, line: usize, width: usize) -> Vec<Vec<(Look, String)>> {
        let text = self.line(line);
        let mut writer = LineWriter::<Role>::new(8, usize::MAX);
        writer.push(Role::Text, text);
        if text.len() + 4 > LINE_BYTES {
            writer.push(Role::Dim, " … the line goes on");
        }
        let runs = writer.finish().into_iter().next().unwrap_or_default();
        let plain: String = runs.iter().map(|run| run.text.as_str()).collect();
        let found = self.search.as_ref().map(|search| {
            let role = match search.line {
                Some(current) if current == line => Role::SearchCurrent,
                _ => Role::SearchMatch,
            };
            (role, Needle::new(&search.query).find(&plain))
        });
        let (role, ranges) = found.unwrap_or((Role::SearchMatch, Vec::new()));
        let rows = wrap(&runs, width.max(1)).into_iter();
        rows.map(|(start, runs)| marked(&runs, start, role, &ranges))
            .collect()
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Down,
    Up,
}

/// How a piece looks before a theme is asked.
#[derive(Clone, Copy)]
struct Look {
    role: Role,
    sgr: crate::sanitize::SgrStyle,
    found: Option<Role>,
}

impl Look {
    fn resolve(self, theme: &Theme) -> Style {
        let style = theme.style(self.role).patch(theme.program_style(self.sgr));
        match self.found {
            None => style,
            Some(role) => Style {
                add_modifier: Modifier::empty(),
                ..style
            }
            .patch(theme.style(role)),
        }
    }
}

/// Takes runs, which begin at `at` in their line, apart where matches begin and end.
fn marked(
    runs: &[Run<Role>],
    at: usize,
    role: Role,
    ranges: &[std::ops::Range<usize>],
) -> Vec<(Look, String)> {
    let mut at = at;
    let mut pieces = Vec::new();
    for run in runs {
        let look = |found| Look {
            role: run.tag,
            sgr: run.style,
            found,
        };
        let mut done = 0;
        for range in ranges {
            let start = range.start.saturating_sub(at).clamp(done, run.text.len());
            let end = range.end.saturating_sub(at).clamp(done, run.text.len());
            if start < end {
                pieces.push((look(None), run.text[done..start].to_owned()));
                pieces.push((look(Some(role)), run.text[start..end].to_owned()));
                done = end;
            }
        }
        pieces.push((look(None), run.text[done..].to_owned()));
        at += run.text.len();
    }
    pieces
}

/// Between title and place.
fn body(area: Rect) -> Rect {
    Rect {
        y: area.y + u16::from(area.height > 0),
        height: area.height.saturating_sub(2),
        ..area
    }
}

/// Where lines begin: each 256th is remembered, the others are counted from there.
#[derive(Debug)]
struct Index {
    lines: usize,
    starts: Vec<usize>,
}

impl Index {
    const STEP: usize = 256;

    fn new(text: &str) -> Self {
        let mut starts = vec![0];
        let mut lines = 0;
        for (at, _) in text.match_indices('\n') {
            lines += 1;
            if lines % Self::STEP == 0 {
                starts.push(at + 1);
            }
        }
        // The last line may have no end.
        lines += usize::from(!text.is_empty() && !text.ends_with('\n'));
        Self { lines, starts }
    }

    /// The first byte of a line; of one beyond the last, the end of the text.
    fn start(&self, text: &str, line: usize) -> usize {
        let Some(&near) = self.starts.get(line / Self::STEP) else {
            return text.len();
        };
        let more = line % Self::STEP;
        if more == 0 {
            return near;
        }
        let rest = text.get(near..).unwrap_or_default();
        let end = rest.match_indices('\n').nth(more - 1);
        end.map_or(text.len(), |(at, _)| near + at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_number() {
        for (count, end) in [(0, ""), (1, ""), (3, "\n"), (1000, ""), (1024, "\n")] {
            let lines: Vec<String> = (0..count).map(|n| format!("line {n} é")).collect();
            let text = lines.join("\n") + end;
            let index = Index::new(&text);
            assert_eq!(index.lines, count);
            for (number, line) in lines.iter().enumerate() {
                assert!(text[index.start(&text, number)..].starts_with(line.as_str()));
            }
            assert_eq!(index.start(&text, count + 1), text.len());
        }
    }
}
