//! Graphics protocols: painted over blank cells once a picture stands still.
//!
//! viuer 0.11 prints iTerm2's pictures, told to use that protocol: for it, it looks at the
//! environment only. For the other two it cannot be used beside an event reader that must not
//! wait: it encodes sixels while it writes them, up to a second long, after asking the terminal
//! without a time limit; and from kitty it reads answers, see [`kitty`]. Those are prepared on the
//! cache's thread, so that all that is left to do here is to write bytes.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::DynamicImage;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::blocks::draw_blocks;
use super::cache::Full;
use super::{
    BackendChoice, Capabilities, FullSize, ImageBackend, Look, PictureKey, Placed, Scaled, Target,
    kitty,
};
use crate::panics::contain;

/// A picture has to stand still for this long before it is painted: half blocks until then.
pub(super) const SETTLE: Duration = Duration::from_millis(120);
/// More pixels than this are not sent; terminals scale up, or half blocks have to do.
const MAX_SENT_PIXELS: u64 = 2_000_000;
/// Sixels come in bands of so many rows: a band that is not full may be shown as if it were.
const SIXEL_BAND: u32 = 6;
/// Width and height in pixels of the smallest usual cell, for sixels that no terminal scales.
const SMALLEST_CELL: (u16, u16) = (6, 12);
/// Width and height in pixels of a cell of a terminal that does not tell.
const DEFAULT_CELL: (u16, u16) = (8, 16);
/// The protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// The kitty graphics protocol.
    Kitty,
    /// iTerm2's inline images.
    Iterm,
    /// Sixel.
    Sixel,
}

type Print = Box<dyn FnMut(&DynamicImage, &viuer::Config) -> Result<(), String>>;

/// Paints with one protocol, and falls back to half blocks while a picture moves or is cut.
pub(crate) struct Graphics {
    protocol: Protocol,
    cell: Option<(u16, u16)>,
    print: Print,
    now: Instant,
    /// Where each picture has been, and since when.
    seen: Vec<Seen>,
    /// The same for the frame that is being drawn.
    seeing: Vec<Seen>,
    /// What is on the screen.
    shown: Vec<Shown>,
    /// What shall be there after this frame.
    wanted: Vec<(Spot, Arc<Scaled>)>,
    /// Pictures that kitty still holds although the screen was cleared.
    stale_ids: Vec<u32>,
    next_id: u32,
    changes_in: Option<Duration>,
    has_failed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Spot {
    key: PictureKey,
    area: Rect,
}

struct Seen {
    spot: Spot,
    skip_rows: u16,
    since: Instant,
}

struct Shown {
    spot: Spot,
    picture: Arc<Scaled>,
    id: u32,
}

impl Shown {
    /// The same picture in another form, made for another theme say, is another picture.
    fn is(&self, spot: &Spot, picture: &Arc<Scaled>) -> bool {
        self.spot == *spot && Arc::ptr_eq(&self.picture, picture)
    }
}

impl Graphics {
    /// The best protocol that is wanted and was confirmed.
    pub fn choose(capabilities: &Capabilities, choice: BackendChoice) -> Option<Self> {
        let protocol = choose_protocol(capabilities, choice)?;
        if protocol == Protocol::Iterm && !viuer::is_iterm_supported() {
            // viuer would print half blocks of its own.
            return None;
        }
        Some(Self::new(protocol, capabilities.cell_size, Box::new(print)))
    }

    pub(super) fn new(protocol: Protocol, cell: Option<(u16, u16)>, print: Print) -> Self {
        Self {
            protocol,
            cell,
            print,
            now: Instant::now(),
            seen: Vec::new(),
            seeing: Vec::new(),
            shown: Vec::new(),
            wanted: Vec::new(),
            stale_ids: Vec::new(),
            // Other programs in the same terminal number theirs from 1.
            next_id: (std::process::id() & 0xffff) << 12 | 1,
            changes_in: None,
            has_failed: false,
        }
    }

    #[cfg(test)]
    pub(super) fn shown_ids(&self) -> Vec<u32> {
        self.shown.iter().map(|shown| shown.id).collect()
    }

    /// Since when a picture has been just there.
    fn settled_since(&mut self, spot: &Spot, skip_rows: u16) -> Instant {
        let known = self
            .seen
            .iter()
            .find(|seen| seen.spot == *spot && seen.skip_rows == skip_rows);
        let since = known.map_or(self.now, |seen| seen.since);
        self.seeing.push(Seen {
            spot: spot.clone(),
            skip_rows,
            since,
        });
        since
    }

    /// Sixels are shown pixel by pixel: they have to be as large as their cells, and not larger.
    fn sixel_size(&self, cols: u16, rows: u16, look: &Look) -> FullSize {
        let cell = self.cell.unwrap_or(SMALLEST_CELL);
        let width = u32::from(cols) * u32::from(cell.0);
        let height = u32::from(rows) * u32::from(cell.1) / SIXEL_BAND * SIXEL_BAND;
        if height == 0 || u64::from(width) * u64::from(height) > MAX_SENT_PIXELS {
            return FullSize::None;
        }
        FullSize::Sixel {
            width,
            height,
            background: look.background.unwrap_or_default(),
        }
    }

    fn paint(&mut self, out: &mut dyn Write, spot: Spot, picture: Arc<Scaled>) -> io::Result<()> {
        let id = self.next_id;
        let area = spot.area;
        match picture.full.get() {
            Some(Full::Png(png)) => {
                kitty::put(out, id, png, area)?;
                self.next_id += 1;
            }
            Some(Full::Sixel(sequence)) => {
                let (row, column) = (u32::from(area.y) + 1, u32::from(area.x) + 1);
                write!(out, "\x1b[{row};{column}H{sequence}")?;
            }
            Some(Full::Pixels(pixels)) => {
                // viuer writes to standard output itself.
                out.flush()?;
                let config = viuer::Config {
                    absolute_offset: true,
                    x: area.x,
                    y: i16::try_from(area.y).unwrap_or(i16::MAX),
                    width: Some(u32::from(area.width)),
                    height: Some(u32::from(area.height)),
                    ..viuer_config(self.protocol)
                };
                let print = &mut self.print;
                let printed = contain(|| print(pixels, &config));
                if !matches!(printed, Ok(Ok(()))) {
                    self.has_failed = true;
                    self.changes_in = Some(Duration::ZERO);
                    return Ok(());
                }
            }
            Some(Full::None) | None => return Ok(()),
        }
        self.shown.push(Shown { spot, picture, id });
        Ok(())
    }
}

impl ImageBackend for Graphics {
    fn name(&self) -> &'static str {
        match self.protocol {
            Protocol::Kitty => "kitty graphics",
            Protocol::Iterm => "iTerm2 inline images",
            Protocol::Sixel => "sixel",
        }
    }

    fn target(&self, cols: u16, rows: u16, look: &Look) -> Target {
        let (width, height) = sent_size(cols, rows, self.cell);
        Target {
            cols,
            rows,
            full: match self.protocol {
                Protocol::Kitty => FullSize::Png { width, height },
                Protocol::Iterm => FullSize::Pixels { width, height },
                Protocol::Sixel => self.sixel_size(cols, rows, look),
            },
        }
    }

    fn begin(&mut self, now: Instant) {
        self.now = now;
        self.seen = std::mem::take(&mut self.seeing);
        self.wanted.clear();
        self.changes_in = None;
    }

    fn draw(&mut self, frame: &mut Buffer, at: &Placed<'_>, look: &Look) {
        let placement = at.placement;
        let spot = Spot {
            key: placement.key.clone(),
            area: placement.area,
        };
        let area = placement.area;
        let is_whole = placement.skip_rows == 0
            && (area.width, area.height) == (placement.cols, placement.rows)
            && area.intersection(frame.area) == area
            // Protocols may move the caret to the row below: if there is none, all would scroll.
            && area.bottom() < frame.area.bottom();
        let since = self.settled_since(&spot, placement.skip_rows);
        let waits = SETTLE.saturating_sub(self.now.saturating_duration_since(since));
        let can_be_painted = !matches!(at.picture.full.get(), None | Some(Full::None));
        if !is_whole || !can_be_painted || at.covered || self.has_failed {
            draw_blocks(frame, placement, &at.picture.blocks, look);
            return;
        }
        let is_shown = self.shown.iter().any(|shown| shown.is(&spot, at.picture));
        if !is_shown && !waits.is_zero() {
            let first = self.changes_in.map_or(waits, |other| other.min(waits));
            self.changes_in = Some(first);
            draw_blocks(frame, placement, &at.picture.blocks, look);
            return;
        }
        for position in area.positions() {
            if let Some(cell) = frame.cell_mut(position) {
                cell.set_symbol(" ");
                cell.modifier = Modifier::empty();
                // Blanked in the first frame, so that nothing shines through, and left alone in
                // those that follow. In both cases the cells differ from ordinary blank ones:
                // when the picture goes, they are written again, which erases it.
                cell.set_diff_option(if is_shown {
                    CellDiffOption::Skip
                } else {
                    CellDiffOption::AlwaysUpdate
                });
            }
        }
        self.wanted.push((spot, Arc::clone(at.picture)));
    }

    fn changes_in(&self) -> Option<Duration> {
        self.changes_in
    }

    fn present(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let wanted = std::mem::take(&mut self.wanted);
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.shown)
            .into_iter()
            .partition(|shown| wanted.iter().any(|(spot, picture)| shown.is(spot, picture)));
        self.shown = kept;
        let is_new = |spot: &Spot, picture: &Arc<Scaled>| {
            !self.shown.iter().any(|shown| shown.is(spot, picture))
        };
        let new: Vec<_> = wanted
            .into_iter()
            .filter(|(spot, picture)| is_new(spot, picture))
            .collect();
        let mut ids = std::mem::take(&mut self.stale_ids);
        ids.extend(gone.iter().map(|shown| shown.id));
        if self.protocol == Protocol::Kitty {
            ids.iter().try_for_each(|&id| kitty::delete(out, id))?;
        }
        if !new.is_empty() {
            out.write_all(b"\x1b7")?;
            for (spot, picture) in new {
                self.paint(out, spot, picture)?;
            }
            out.write_all(b"\x1b8")?;
        }
        if self.has_failed {
            // Half blocks from now on, so the blank cells must not be taken for a picture.
            self.shown.clear();
        }
        Ok(())
    }

    fn invalidate(&mut self) {
        self.stale_ids
            .extend(self.shown.drain(..).map(|shown| shown.id));
    }
}

/// The protocol to use: kitty's can delete, iTerm2's keeps all colours, sixel has 256.
pub(super) fn choose_protocol(
    capabilities: &Capabilities,
    choice: BackendChoice,
) -> Option<Protocol> {
    if capabilities.no_color {
        return None;
    }
    let confirmed = [
        (capabilities.kitty, Protocol::Kitty, BackendChoice::Kitty),
        (capabilities.iterm, Protocol::Iterm, BackendChoice::Iterm),
        (capabilities.sixel, Protocol::Sixel, BackendChoice::Sixel),
    ];
    let mut usable = confirmed.into_iter().filter(|(is_there, _, wish)| {
        *is_there && (choice == BackendChoice::Auto || choice == *wish)
    });
    usable.next().map(|(_, protocol, _)| protocol)
}

/// The configuration that makes viuer use this protocol and no other.
pub(super) fn viuer_config(protocol: Protocol) -> viuer::Config {
    viuer::Config {
        use_kitty: protocol == Protocol::Kitty,
        use_iterm: protocol == Protocol::Iterm,
        use_sixel: protocol == Protocol::Sixel,
        transparent: true,
        restore_cursor: false,
        ..viuer::Config::default()
    }
}

/// The pixels that so many cells have, within bounds.
pub(super) fn sent_size(cols: u16, rows: u16, cell: Option<(u16, u16)>) -> (u32, u32) {
    let cell = cell.unwrap_or(DEFAULT_CELL);
    let mut width = u32::from(cols) * u32::from(cell.0);
    let mut height = u32::from(rows) * u32::from(cell.1);
    while u64::from(width) * u64::from(height) > MAX_SENT_PIXELS {
        (width, height) = (width.div_ceil(2), height.div_ceil(2));
    }
    (width.max(1), height.max(1))
}

fn print(picture: &DynamicImage, config: &viuer::Config) -> Result<(), String> {
    viuer::print(picture, config)
        .map(|_| ())
        .map_err(|error| error.to_string())
}
