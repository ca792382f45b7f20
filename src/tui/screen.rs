//! The screen as a whole: who gets which rows.
//!
//! ```text
//! transcript        as tall as it is, until the screen is full
//! notices
//! prompt            below the transcript's end
//! (empty)
//! status line       the last row
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::Widget as _;

use super::app::App;
use super::keymap::Action;
use super::layers::Layer;
use super::theme::Role;
use super::view::status::StatusLine;
use super::view::{Placement, Search, gutter, text, welcome};
use crate::sanitize::sanitize;

/// What a frame came to.
pub(super) struct Drawn {
    /// Where the caret is; nowhere if a layer hides it.
    pub caret: Option<Position>,
    /// Pictures in view.
    pub placements: Vec<Placement>,
    /// What has been, or will be, drawn over the transcript.
    pub covered: Vec<Rect>,
    prompt: Rect,
}

/// The prompt takes at most so many hundredths of the screen.
const PROMPT_SHARE: u16 = 60;

impl App {
    /// Draws everything but pictures and what lies over them: see [`Self::draw_over`].
    pub fn draw_under(&mut self, buf: &mut Buffer) -> Drawn {
        let area = buf.area;
        self.screen_area = area;
        if let Some(style) = self.theme.screen_style() {
            buf.set_style(area, style);
        }
        let mark = self.mark(area.width);
        let language = self.language;
        let status_rows = u16::from(area.height > 3);
        let above_status = area.height - status_rows;
        let most_prompt = (above_status * PROMPT_SHARE / 100).max(1);
        let bottom_rows = self.layers.last().map_or(0, Layer::bottom_rows);
        let prompt_rows = self
            .prompt
            .rows(area.width, &mark)
            .clamp(1, most_prompt)
            .max(bottom_rows);
        let notice_rows = self
            .notices
            .height(area.width, self.now)
            .min(above_status.saturating_sub(prompt_rows) / 2);
        let room = above_status.saturating_sub(prompt_rows + notice_rows);
        let is_empty = self.transcript.entries().is_empty();

        let mut y = area.y;
        let mut rows = |count: u16| {
            let rows = Rect {
                y,
                height: count,
                ..area
            };
            y += count;
            rows
        };
        let mut placements = Vec::new();
        self.transcript_area = Rect {
            height: room,
            ..area
        };
        if is_empty {
            welcome::draw(&self.theme, rows(welcome::HEIGHT.min(room)), buf);
        } else {
            let wanted = self.with_view(|view, screen| view.height(screen, room));
            self.transcript_area = rows(wanted);
            placements = self.with_view(|view, screen| view.draw(screen, buf));
        }
        let notices = rows(notice_rows);
        self.notices.draw(&self.theme, self.now, notices, buf);
        let prompt = rows(prompt_rows);
        let caret = self.prompt.draw(buf, prompt, &self.theme, language, &mark);
        if let Some((_, question)) = &self.question {
            self.draw_question(question, prompt, buf);
        }
        if status_rows > 0 {
            self.draw_status(
                Rect {
                    y: area.bottom() - 1,
                    height: 1,
                    ..area
                },
                buf,
            );
        }
        let covered = if self.layers.is_empty() && !self.prompt.has_popup() {
            Vec::new()
        } else {
            vec![area]
        };
        Drawn {
            caret: Some(caret),
            placements,
            covered,
            prompt,
        }
    }

    /// Draws what lies over the transcript and its pictures.
    pub fn draw_over(&self, drawn: Drawn, buf: &mut Buffer) -> Option<Position> {
        let mut caret = drawn.caret;
        if let Some(Layer::Page(..)) = self.layers.last() {
            // It is the whole screen.
            ratatui::widgets::Clear.render(buf.area, buf);
        }
        if self.layers.is_empty() {
            let above_status = Rect {
                height: buf.area.height.saturating_sub(1),
                ..buf.area
            };
            let popup = self
                .prompt
                .draw_popup(buf, drawn.prompt, above_status, &self.theme);
            caret = popup.or(caret);
        } else {
            caret = match self.layers.last() {
                // What is typed meanwhile goes to the prompt.
                Some(Layer::Confirm(asked)) if asked.opens_in(self.now).is_some() => caret,
                _ => self.draw_layer(&self.theme, drawn.prompt, buf),
            };
        }
        caret
    }

    /// What stands before the prompt, in line with the marks of the transcript.
    fn mark(&self, width: u16) -> String {
        let label = if self.question.is_some() {
            "input".to_owned()
        } else {
            let next = self.kernel(self.language).execution_count + 1;
            format!("{} {next}", self.language.short())
        };
        match gutter(width, &self.transcript) {
            3 => " ❯ ".to_owned(),
            columns => format!("{label:>width$} ❯ ", width = columns - 3),
        }
    }

    /// What the cell asks is in its output; while the prompt is empty, say whose turn it is.
    fn draw_question(&self, question: &str, prompt: Rect, buf: &mut Buffer) {
        if !self.prompt.is_empty() {
            return;
        }
        let asked = sanitize(question.trim());
        let note = if asked.is_empty() {
            "the cell waits for a line"
        } else {
            &asked
        };
        let width = text::width(note).min(usize::from(prompt.width) / 2);
        let at = prompt
            .right()
            .saturating_sub(u16::try_from(width).unwrap_or(0) + 1);
        buf.set_stringn(at, prompt.y, note, width, self.theme.style(Role::Dim));
    }

    fn draw_status(&mut self, row: Rect, buf: &mut Buffer) {
        let position = self.with_view(|view, screen| view.position(screen));
        let matches = self.view.search().map(|search: &Search| {
            (
                search.current_index().map_or(0, |index| index + 1),
                search.count(),
            )
        });
        let hints: Vec<(String, &str)> = [
            (Action::Help, "help"),
            (Action::SwitchLanguage, "language"),
            (Action::HistorySearch, "history"),
            (Action::Search, "search"),
        ]
        .into_iter()
        .filter_map(|(action, does)| Some((self.keymap.keys(action).first()?.clone(), does)))
        .collect();
        let hints: Vec<(&str, &str)> = hints.iter().map(|(key, does)| (&**key, *does)).collect();
        let mut running = self.running();
        let status = StatusLine {
            language: self.language,
            mode: self.prompt.mode_label(),
            kernel: &self.kernel(self.language).status,
            running: running
                .next()
                .map(|(_, language, elapsed)| (language, elapsed)),
            imagining: self.imagining(),
            queued: self.queued(),
            is_asked: self
                .layers
                .iter()
                .any(|layer| matches!(layer, Layer::Confirm(_) | Layer::Approve(_))),
            grants: &self.grants,
            last_cost: self.last_outcome.as_ref().map(|outcome| outcome.cost),
            position,
            matches,
            session: &self.session,
            hints: &hints,
        };
        status.draw(&self.theme, row, buf);
    }
}
