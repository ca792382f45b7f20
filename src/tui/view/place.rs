//! Where the view of the transcript stands: rows counted up and down, and laid out on the way.

use std::rc::Rc;

use super::content;
use super::layout::lay_out;
use super::rows::{Columns, Frame, Laid};
use super::transcript::{Cached, Screen, Scroll, TranscriptView};
use crate::protocol::CellId;
use crate::session::{Body, Entry, Transcript};
use crate::tui::highlight;

/// A row of the transcript: an entry's index, and a row of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub entry: usize,
    pub row: usize,
}

/// More layouts than this are not kept.
const CACHED: usize = 512;

impl TranscriptView {
    /// Puts the view's first row somewhere, but leaves no empty rows below the end.
    pub(super) fn stand_at(&mut self, screen: &Screen<'_>, top: At) {
        let rows = height_of(screen);
        let entry = screen.transcript.entries().get(top.entry);
        self.scroll = match entry {
            Some(entry) if self.rows_from(screen, top, rows + 1) > rows => Scroll::Anchored {
                cell: entry.cell,
                row: top.row,
            },
            _ => Scroll::Follow,
        };
    }

    /// The view's first row.
    pub(super) fn top(&self, screen: &Screen<'_>) -> At {
        let rows = height_of(screen);
        if let Scroll::Anchored { cell, row } = self.scroll
            && let Some(index) = index_of(screen, cell)
            && let Some(entry) = screen.transcript.entries().get(index)
        {
            let last = self.laid(screen, entry).rows.len().saturating_sub(1);
            let at = At {
                entry: index,
                row: row.min(last),
            };
            if self.rows_from(screen, at, rows) == rows {
                return at;
            }
        }
        let end = At {
            entry: screen.transcript.entries().len(),
            row: 0,
        };
        self.up(screen, end, rows)
    }

    /// The view's last row that is in use.
    pub(super) fn bottom(&self, screen: &Screen<'_>) -> At {
        let top = self.top(screen);
        self.down(screen, top, height_of(screen).saturating_sub(1))
    }

    /// So many rows above, or the first.
    pub(super) fn up(&self, screen: &Screen<'_>, at: At, rows: usize) -> At {
        let (mut at, mut left) = (at, rows);
        while left > at.row {
            left -= at.row;
            let Some(entry) = at.entry.checked_sub(1) else {
                return At { entry: 0, row: 0 };
            };
            at = At {
                entry,
                row: self.rows_of(screen, entry),
            };
        }
        at.row -= left;
        at
    }

    /// So many rows below, or the last.
    pub(super) fn down(&self, screen: &Screen<'_>, at: At, rows: usize) -> At {
        let (mut at, mut left) = (at, rows);
        loop {
            let of_entry = self.rows_of(screen, at.entry);
            let below = of_entry.saturating_sub(at.row + 1);
            if left <= below {
                at.row += left;
                return at;
            }
            if at.entry + 1 >= screen.transcript.entries().len() {
                at.row = of_entry.saturating_sub(1);
                return at;
            }
            left -= below + 1;
            at = At {
                entry: at.entry + 1,
                row: 0,
            };
        }
    }

    /// How many rows there are from here to the end; counting stops at `most`.
    pub(super) fn rows_from(&self, screen: &Screen<'_>, at: At, most: usize) -> usize {
        let mut rows = 0;
        for entry in at.entry..screen.transcript.entries().len() {
            let skipped = if entry == at.entry { at.row } else { 0 };
            rows += self.rows_of(screen, entry).saturating_sub(skipped);
            if rows >= most {
                return most;
            }
        }
        rows
    }

    pub(super) fn rows_of(&self, screen: &Screen<'_>, index: usize) -> usize {
        let entry = screen.transcript.entries().get(index);
        entry.map_or(0, |entry| self.laid(screen, entry).rows.len())
    }

    pub(super) fn laid(&self, screen: &Screen<'_>, entry: &Entry) -> Rc<Laid> {
        let columns = columns(screen);
        let picture_rows = screen.picture_rows;
        let fold = self.fold(entry.cell);
        let mut cache = self.cache.borrow_mut();
        let mut source = None;
        let is_coloured = highlight::is_ready();
        if let Some(cached) = cache.get(&entry.cell)
            && cached.is_coloured == is_coloured
        {
            let is_fresh = cached.revision == entry.revision
                && cached.columns == columns
                && cached.fold == fold
                && (cached.laid.pictures.is_empty() || cached.picture_rows == picture_rows);
            if is_fresh {
                return Rc::clone(&cached.laid);
            }
            source = Some(Rc::clone(&cached.source));
        }
        if cache.len() >= CACHED {
            cache.clear();
        }
        let frame = Frame {
            columns,
            picture_rows,
            picture_size: screen.picture_size,
            fold,
        };
        let source = source.unwrap_or_else(|| Rc::new(content::source_lines(entry)));
        let laid = Rc::new(lay_out(entry, &source, frame));
        cache.insert(
            entry.cell,
            Cached {
                revision: entry.revision,
                columns,
                picture_rows,
                fold,
                laid: Rc::clone(&laid),
                source,
                is_coloured,
            },
        );
        laid
    }
}

/// Rows of the view.
pub(super) fn height_of(screen: &Screen<'_>) -> usize {
    usize::from(screen.area.height)
}

pub(super) fn columns(screen: &Screen<'_>) -> Columns {
    columns_for(screen.area.width, screen.transcript)
}

/// The column at which sources begin, for a prompt that stands in line with them.
pub(crate) fn gutter(width: u16, transcript: &Transcript) -> usize {
    columns_for(width, transcript).content_at
}

fn columns_for(width: u16, transcript: &Transcript) -> Columns {
    // Counts grow, so the greatest is near the end; each language has its own.
    let last = transcript.entries().iter().rev().take(64);
    let counts = last.filter_map(|entry| match &entry.body {
        Body::Cell(cell) => cell.execution_count,
        Body::Image(_) | Body::Call(_) | Body::Gallery(_) | Body::Show(_) => None,
    });
    Columns::new(width, counts.max().unwrap_or(0))
}

pub(super) fn index_of(screen: &Screen<'_>, cell: CellId) -> Option<usize> {
    let entries = screen.transcript.entries();
    entries.binary_search_by_key(&cell, |entry| entry.cell).ok()
}
