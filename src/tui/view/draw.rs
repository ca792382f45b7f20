//! Rows of the transcript, painted.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::rows::{Columns, Content, Laid, Mark, Origin, Row};
use super::search::Match;
use super::text;
use super::transcript::Screen;
use crate::protocol::Timestamp;
use crate::sanitize::Run;
use crate::tui::theme::Role;

/// What takes less time shows no spinner.
pub(super) const QUIET: Duration = Duration::from_millis(200);

/// Paints the rows of one entry.
pub(super) struct Painter<'a> {
    pub screen: &'a Screen<'a>,
    pub columns: Columns,
    pub is_selected: bool,
    /// Those in this entry.
    pub matches: &'a [Match],
    pub current: Option<&'a Match>,
}

impl Painter<'_> {
    /// Paints a row; the last one of an entry keeps it apart from the next.
    pub fn row(&self, row: &Row, is_gap: bool, y: u16, buf: &mut Buffer) {
        let theme = self.screen.theme;
        let area = self.screen.area;
        if self.is_selected && !is_gap {
            buf.set_stringn(area.x, y, "▌", 1, theme.style(Role::Accent));
        }
        self.mark(&row.mark, y, buf);
        let x = area.x.saturating_add(span(self.columns.content_at));
        match &row.content {
            Content::Blank => {}
            Content::Text(runs, origin) => self.text(runs, *origin, x, y, buf),
            Content::Elapsed { since } => self.busy(*since, "", x, y, buf),
            Content::Hidden(what) => {
                let room = self.columns.content;
                let hint = self.screen.fold_hint;
                let has_room = text::width(what) + text::width(hint) + 3 <= room;
                let line = if has_room && !hint.is_empty() {
                    format!("{what} · {hint}")
                } else {
                    text::fit(what, room).into_owned()
                };
                buf.set_stringn(x, y, line, room, theme.style(Role::Dim));
            }
            Content::Loading { since } => self.busy(*since, " loading", x, y, buf),
        }
    }

    fn mark(&self, mark: &Mark, y: u16, buf: &mut Buffer) {
        let (theme, area) = (self.screen.theme, self.screen.area);
        let glyph_at = span(self.columns.content_at.saturating_sub(2));
        if self.columns.label > 0 && !mark.label.is_empty() {
            let free = self.columns.label.saturating_sub(text::width(&mark.label));
            let x = area.x + 1 + span(free);
            let style = theme.style(mark.label_role);
            buf.set_stringn(x, y, &mark.label, self.columns.label - free, style);
        }
        if glyph_at < area.width {
            buf.set_stringn(area.x + glyph_at, y, mark.glyph, 1, theme.style(mark.role));
        }
    }

    fn text(&self, runs: &[Run<Role>], origin: Option<Origin>, x: u16, y: u16, buf: &mut Buffer) {
        let theme = self.screen.theme;
        let right = self.screen.area.right();
        let mut x = x;
        let mut at = origin.map_or(0, |origin| origin.start);
        for run in runs {
            let style = theme.style(run.tag).patch(theme.program_style(run.style));
            for (text, found) in self.pieces(&run.text, origin, at) {
                let style = found.map_or(style, |role| {
                    // Dim text that was found is not dim.
                    let bare = Style {
                        add_modifier: Modifier::empty(),
                        ..style
                    };
                    bare.patch(theme.style(role))
                });
                let room = usize::from(right.saturating_sub(x));
                (x, _) = buf.set_stringn(x, y, text, room, style);
            }
            at += run.text.len();
        }
    }

    /// Takes a text, which begins at `at` in its line, apart where matches begin and end.
    fn pieces<'t>(
        &self,
        text: &'t str,
        origin: Option<Origin>,
        at: usize,
    ) -> Vec<(&'t str, Option<Role>)> {
        let mut pieces = Vec::new();
        let mut done = 0;
        let here =
            |found: &&Match| origin.is_some_and(|o| found.part == o.part && found.line == o.line);
        for found in self.matches.iter().filter(here) {
            let start = found.range.start.saturating_sub(at).clamp(done, text.len());
            let end = found.range.end.saturating_sub(at).clamp(done, text.len());
            if start == end {
                continue;
            }
            let role = match self.current {
                Some(current) if current == found => Role::SearchCurrent,
                _ => Role::SearchMatch,
            };
            if let (Some(before), Some(inside)) = (text.get(done..start), text.get(start..end)) {
                pieces.push((before, None));
                pieces.push((inside, Some(role)));
                done = end;
            }
        }
        pieces.push((text.get(done..).unwrap_or_default(), None));
        pieces
    }

    fn busy(&self, since: Timestamp, what: &str, x: u16, y: u16, buf: &mut Buffer) {
        let elapsed = self.screen.now.since(since);
        if elapsed < QUIET {
            return;
        }
        let style = self.screen.theme.style(Role::StatusBusy);
        // Without its ground: it stands amid the transcript.
        let style = Style { bg: None, ..style };
        let text = format!("{}{what} {}", spinner(elapsed), elapsed_time(elapsed));
        let room = usize::from(self.screen.area.right().saturating_sub(x));
        buf.set_stringn(x, y, text, room, style);
    }
}

/// Turns once in 0.8 s.
pub(super) fn spinner(elapsed: Duration) -> char {
    const TURNS: [char; 8] = ['⠋', '⠙', '⠸', '⢰', '⣠', '⣄', '⡆', '⠇'];
    let turn = elapsed.as_millis() / 100 % 8;
    TURNS[usize::try_from(turn).unwrap_or(0)]
}

/// The time so far in tenths of a second: hundreds of milliseconds only flicker.
pub(super) fn elapsed_time(elapsed: Duration) -> String {
    let millis = elapsed.as_millis();
    if millis < 1000 {
        format!("0.{} s", millis / 100)
    } else {
        text::duration(elapsed)
    }
}

/// The first row that shows a part of a match.
pub(super) fn row_of(laid: &Laid, found: &Match) -> Option<usize> {
    laid.rows.iter().position(|row| {
        let Content::Text(runs, Some(origin)) = &row.content else {
            return false;
        };
        let bytes: usize = runs.iter().map(|run| run.text.len()).sum();
        let is_in_row = (origin.start..origin.start + bytes).contains(&found.range.start);
        is_in_row && origin.part == found.part && origin.line == found.line
    })
}

/// The mark in the right margin.
pub(super) fn scroll_mark(screen: &Screen<'_>, first: u16, height: u16, buf: &mut Buffer) {
    let Some(x) = screen.area.right().checked_sub(1) else {
        return;
    };
    let style = screen.theme.style(Role::Border);
    for y in first..first + height {
        buf.set_stringn(x, screen.area.y + y, "▐", 1, style);
    }
}

fn span(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
