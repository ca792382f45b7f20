//! The transcript on the screen: scrolling, folding, selecting, and drawing what is in view.
//!
//! Only entries in view are laid out, and each is laid out again only when it, the width or its
//! fold has changed: ten thousand entries cost what a screenful costs.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::content::Line;
use super::draw;
use super::place::{At, columns, height_of, index_of};
use super::rows::{Columns, Fold, Laid, LaidPicture, PictureSize};
use super::search::Search;
use crate::protocol::{Artifact, CellId, Timestamp};
use crate::session::{Body, CallPhase, ImagePhase, Phase, Transcript};
use crate::tui::theme::Theme;

/// What is drawn, and where.
#[derive(Clone, Copy)]
pub(crate) struct Screen<'a> {
    /// What happened.
    pub transcript: &'a Transcript,
    /// Its colours.
    pub theme: &'a Theme,
    /// The time of this frame.
    pub now: Timestamp,
    /// The part of the screen that is the transcript's.
    pub area: Rect,
    /// Rows that a picture may take. From the height of the terminal: the area may grow with what
    /// is in it.
    pub picture_rows: u16,
    /// How to see what is folded, with the user's keys: `alt-o opens all`. May be empty.
    pub fold_hint: &'a str,
    /// How large pictures are.
    pub picture_size: PictureSize<'a>,
}

/// A picture that is in view. Its rows have been left empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placement {
    /// The entry it belongs to.
    pub cell: CellId,
    /// The picture.
    pub artifact: Artifact,
    /// What of it is in view.
    pub rect: Rect,
    /// Rows above the view.
    pub clip_top: u16,
    /// Columns and rows of all of it.
    pub size: (u16, u16),
}

/// Where the view stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scroll {
    /// At the end: new output pushes the old up.
    #[default]
    Follow,
    /// At a row of an entry: new output does not move what is being read.
    Anchored {
        /// The entry at the top of the view.
        cell: CellId,
        /// Its first row in view.
        row: usize,
    },
}

/// The position of the view, for the status line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Everything is in view.
    All,
    /// The end is in view.
    End,
    /// The beginning is in view, the end is not.
    Top,
    /// So many hundredths of the entries are above.
    Percent(u8),
}

/// The state of the view. What is laid out is kept inside.
#[derive(Debug, Default)]
pub(crate) struct TranscriptView {
    pub(super) scroll: Scroll,
    selected: Option<CellId>,
    pub(super) folds: BTreeMap<CellId, Fold>,
    search: Option<Search>,
    pub(super) cache: RefCell<HashMap<CellId, Cached>>,
}

#[derive(Debug)]
pub(super) struct Cached {
    pub revision: u64,
    pub columns: Columns,
    pub picture_rows: u16,
    pub fold: Fold,
    pub laid: Rc<Laid>,
    /// The source, in colour: to find its colours takes longer than all the rest.
    pub source: Rc<Vec<Line>>,
    /// Whether the grammars were loaded when it was coloured.
    pub is_coloured: bool,
}

impl TranscriptView {
    /// Draws the rows in view and tells which pictures go where.
    pub fn draw(&self, screen: &Screen<'_>, buf: &mut Buffer) -> Vec<Placement> {
        let area = screen.area.intersection(buf.area);
        let entries = screen.transcript.entries();
        let mut placements = Vec::new();
        if area.is_empty() || entries.is_empty() {
            return placements;
        }
        let columns = columns(screen);
        let top = self.top(screen);
        let mut y = area.y;
        for (index, entry) in entries.iter().enumerate().skip(top.entry) {
            if y >= area.bottom() {
                break;
            }
            let laid = self.laid(screen, entry);
            let first = if index == top.entry { top.row } else { 0 };
            let shown = laid.rows.len().saturating_sub(first);
            let shown = shown.min(usize::from(area.bottom() - y));
            let is_selected = self.selected == Some(entry.cell);
            let matches = self.search.as_ref().map_or(&[][..], |s| s.of(entry.cell));
            let painter = draw::Painter {
                screen,
                columns,
                is_selected,
                matches,
                current: self.search.as_ref().and_then(Search::current),
            };
            let last = laid.rows.len() - 1;
            for (row, at) in laid.rows.iter().enumerate().skip(first).take(shown) {
                painter.row(at, row == last, y + span(row - first), buf);
            }
            let content_at = area.x + span(columns.content_at);
            for picture in &laid.pictures {
                let place = place_picture(picture, first, shown, content_at, y);
                placements.extend(place.map(|(rect, clip_top)| Placement {
                    cell: entry.cell,
                    artifact: picture.artifact.clone(),
                    rect: rect.intersection(area),
                    clip_top,
                    size: (picture.columns, picture.rows),
                }));
            }
            y += span(shown);
        }
        self.draw_scroll_mark(screen, top, buf);
        placements
    }

    /// Rows that all of it takes, or `most` if that is less: for a prompt that follows the last
    /// entry until the screen is full.
    pub fn height(&self, screen: &Screen<'_>, most: u16) -> u16 {
        let mut height = 0;
        for entry in screen.transcript.entries().iter().rev() {
            height += self.laid(screen, entry).rows.len();
            if height >= usize::from(most) {
                return most;
            }
        }
        span(height)
    }

    /// Where the view stands.
    #[cfg(test)]
    pub fn scroll(&self) -> Scroll {
        self.scroll
    }

    /// The same for people.
    pub fn position(&self, screen: &Screen<'_>) -> Position {
        let entries = screen.transcript.entries().len();
        let top = self.top(screen);
        let at_top = top == At { entry: 0, row: 0 };
        match (
            at_top,
            self.rows_from(screen, top, height_of(screen) + 1) <= height_of(screen),
        ) {
            (true, true) => Position::All,
            (_, true) => Position::End,
            (true, false) => Position::Top,
            (false, false) => {
                let percent = top.entry * 100 / entries.max(1);
                Position::Percent(u8::try_from(percent).unwrap_or(99).clamp(1, 99))
            }
        }
    }

    /// Rows down, or up if negative.
    pub fn scroll_by(&mut self, screen: &Screen<'_>, rows: isize) {
        let top = self.top(screen);
        let distance = rows.unsigned_abs();
        let top = if rows < 0 {
            self.up(screen, top, distance)
        } else {
            self.down(screen, top, distance)
        };
        self.stand_at(screen, top);
    }

    /// A screen less one row, down or up.
    pub fn page(&mut self, screen: &Screen<'_>, pages: isize) {
        let rows = isize::try_from(height_of(screen).saturating_sub(1).max(1)).unwrap_or(1);
        self.scroll_by(screen, pages.saturating_mul(rows));
    }

    /// To the first row.
    pub fn scroll_to_start(&mut self, screen: &Screen<'_>) {
        self.stand_at(screen, At { entry: 0, row: 0 });
    }

    /// To the end, and along with it from now on.
    pub fn scroll_to_end(&mut self) {
        self.scroll = Scroll::Follow;
    }

    /// The entry that is selected.
    pub fn selected(&self) -> Option<CellId> {
        self.selected
    }

    /// Selects an entry and scrolls to it, or selects none.
    pub fn select(&mut self, screen: &Screen<'_>, cell: Option<CellId>) {
        self.selected = cell.filter(|&cell| screen.transcript.get(cell).is_some());
        if let Some(entry) = self.selected.and_then(|cell| index_of(screen, cell)) {
            self.reveal(screen, At { entry, row: 0 });
        }
    }

    /// Selects the entry before the selected one; from none, the last in view.
    pub fn select_previous(&mut self, screen: &Screen<'_>) {
        let entries = screen.transcript.entries();
        let selected = self.selected.and_then(|cell| index_of(screen, cell));
        let index = match selected {
            Some(index) => index.saturating_sub(1),
            None => self.bottom(screen).entry,
        };
        self.select(screen, entries.get(index).map(|entry| entry.cell));
    }

    /// Selects the entry after the selected one; after the last there is none, and the view
    /// follows the end.
    pub fn select_next(&mut self, screen: &Screen<'_>) {
        let entries = screen.transcript.entries();
        let selected = self.selected.and_then(|cell| index_of(screen, cell));
        let next = match selected {
            Some(index) => entries.get(index + 1),
            None => entries.get(self.top(screen).entry),
        };
        if let Some(entry) = next {
            self.select(screen, Some(entry.cell));
        } else {
            self.selected = None;
            self.scroll_to_end();
        }
    }

    /// How much of an entry is shown.
    pub fn fold(&self, cell: CellId) -> Fold {
        self.folds.get(&cell).copied().unwrap_or_default()
    }

    /// Shows more or less of an entry: what is folded is opened, what is open is closed, what is
    /// closed goes back to the default.
    pub fn toggle_fold(&mut self, screen: &Screen<'_>, cell: CellId) {
        let Some(entry) = screen.transcript.get(cell) else {
            return;
        };
        let next = match self.fold(cell) {
            Fold::Auto if self.laid(screen, entry).is_folded => Fold::Open,
            Fold::Auto | Fold::Open => Fold::Closed,
            Fold::Closed => Fold::Auto,
        };
        self.folds.insert(cell, next);
        if self.scroll != Scroll::Follow
            && let Some(entry) = index_of(screen, cell)
        {
            self.reveal(screen, At { entry, row: 0 });
        }
    }

    /// The fold of one entry, set.
    #[cfg(test)]
    pub fn set_fold(&mut self, cell: CellId, fold: Fold) {
        self.folds.insert(cell, fold);
    }

    /// Looks for a text everywhere and goes to the match that is nearest above the end of the
    /// view. An empty text ends the search. How many matches there are is in [`Self::search`].
    pub fn find(&mut self, screen: &Screen<'_>, query: &str) {
        self.search = (!query.is_empty()).then(|| {
            let bottom = self.bottom(screen);
            let entries = screen.transcript.entries();
            let near = entries.get(bottom.entry).map(|entry| entry.cell);
            Search::new(screen.transcript, query, near)
        });
        self.reveal_match(screen);
    }

    /// What is looked for.
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Goes to the next match, around the end.
    pub fn next_match(&mut self, screen: &Screen<'_>) {
        if let Some(search) = &mut self.search {
            search.step(screen.transcript, 1);
        }
        self.reveal_match(screen);
    }

    /// Goes to the match before, around the start.
    pub fn previous_match(&mut self, screen: &Screen<'_>) {
        if let Some(search) = &mut self.search {
            search.step(screen.transcript, -1);
        }
        self.reveal_match(screen);
    }

    /// Forgets what was laid out: for when pictures change their size.
    pub fn invalidate(&mut self) {
        self.cache.get_mut().clear();
    }

    fn reveal_match(&mut self, screen: &Screen<'_>) {
        let Some(found) = self.search.as_ref().and_then(Search::current).cloned() else {
            return;
        };
        let Some((index, entry)) = index_of(screen, found.cell)
            .and_then(|index| Some((index, screen.transcript.entries().get(index)?)))
        else {
            return;
        };
        self.selected = Some(found.cell);
        let mut row = draw::row_of(&self.laid(screen, entry), &found);
        if row.is_none() {
            self.folds.insert(found.cell, Fold::Open);
            row = draw::row_of(&self.laid(screen, entry), &found);
        }
        self.reveal(
            screen,
            At {
                entry: index,
                row: row.unwrap_or(0),
            },
        );
    }

    /// Scrolls as little as it takes to bring a row into view, with two rows of context.
    fn reveal(&mut self, screen: &Screen<'_>, at: At) {
        let (top, bottom) = (self.top(screen), self.bottom(screen));
        if at < top {
            let context = if at.row == 0 { 0 } else { 2 };
            let top = self.up(screen, at, context);
            self.stand_at(screen, top);
        } else if at > bottom {
            let rows = height_of(screen);
            // An entry that is jumped to is shown from its start on, a match amid its lines.
            let above = if at.row == 0 { 0 } else { rows / 2 };
            let top = self.up(screen, at, above);
            self.stand_at(screen, top);
        }
    }

    /// A mark in the right margin: where the view stands among the entries. It counts entries
    /// and not rows, since those that were never in view have none yet.
    fn draw_scroll_mark(&self, screen: &Screen<'_>, top: At, buf: &mut Buffer) {
        let rows = height_of(screen);
        let entries = screen.transcript.entries().len();
        if top == (At { entry: 0, row: 0 }) && self.rows_from(screen, top, rows + 1) <= rows {
            return;
        }
        let bottom = self.bottom(screen);
        // In thousandths of an entry.
        let place =
            |at: At| at.entry * 1000 + at.row * 1000 / self.rows_of(screen, at.entry).max(1);
        let total = entries * 1000;
        let height = ((place(bottom).saturating_sub(place(top))) * rows / total).clamp(1, rows);
        let at_end = self.rows_from(screen, top, rows + 1) <= rows;
        let first = if at_end {
            rows - height
        } else {
            (place(top) * rows / total).min(rows - height)
        };
        draw::scroll_mark(screen, span(first), span(height), buf);
    }
}

/// What of a picture is in view, given the rows of its entry that are, and the rows above it.
fn place_picture(
    picture: &LaidPicture,
    first: usize,
    shown: usize,
    x: u16,
    y: u16,
) -> Option<(Rect, u16)> {
    let end = picture.row + usize::from(picture.rows);
    let (from, to) = (picture.row.max(first), end.min(first + shown));
    (from < to && picture.columns > 0).then(|| {
        let x = x.saturating_add(picture.column);
        let rect = Rect::new(x, y + span(from - first), picture.columns, span(to - from));
        (rect, span(from - picture.row))
    })
}

/// Rows or columns of a screen: they fit.
fn span(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Whether something in the transcript moves: then a new frame is wanted in a tenth of a second.
pub(crate) fn is_animated(transcript: &Transcript) -> bool {
    // What runs is near the end: everything before it has ended.
    let mut last = transcript.entries().iter().rev().take(256);
    last.any(|entry| match &entry.body {
        Body::Cell(cell) => matches!(cell.phase, Phase::Running { .. }),
        Body::Image(image) => matches!(image.phase, ImagePhase::Running(_)),
        Body::Call(call) => matches!(call.phase, CallPhase::Running(_)),
        Body::Gallery(_) => false,
        Body::Show(show) => show.picture.is_none(),
    })
}
