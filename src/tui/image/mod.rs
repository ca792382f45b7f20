//! Pictures on the terminal.
//!
//! Half blocks are cells like any others and work everywhere: they scroll, clip, and lie under
//! popups. Where the terminal confirmed a graphics protocol, a picture that stands still and is
//! seen as a whole is painted over its cells after the frame has been drawn.
//!
//! Invariants: decoding, scaling and encoding happen on the cache's thread. Nothing here reads
//! from the terminal, except [`probe`], before the event reader starts, and [`show_to_stdout`],
//! where there is none.
//!
//! Absent on purpose: where a picture goes. The transcript's layout decides that.

mod blocks;
mod cache;
mod graphics;
mod kitty;
mod probe;
mod scale;
mod show;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::theme::{Role, Theme};
use crate::protocol::BlobId;

pub(crate) use blocks::{ColorDepth, HalfBlocks};
pub(crate) use cache::{FullSize, ImageCache, Loaded, Scaled, Target};
pub(crate) use graphics::Graphics;
pub(crate) use probe::{Capabilities, probe, typed_text};
pub(crate) use show::{ShowOptions, show_to_stdout};

/// Erases every picture that the kitty protocol put on the screen, and frees its data.
pub(crate) use kitty::DELETE_ALL as DELETE_KITTY_PICTURES;

/// Where the bytes of a picture are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PictureKey {
    /// In the store.
    Blob(BlobId),
    /// In a file.
    File(PathBuf),
}

/// A picture in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Which picture.
    pub key: PictureKey,
    /// The cells that can be seen. Columns are cut off at the right.
    pub area: Rect,
    /// Width of the whole picture in cells, from [`picture_size`].
    pub cols: u16,
    /// Height of the whole picture in cells.
    pub rows: u16,
    /// Rows of the picture that are hidden above `area`.
    pub skip_rows: u16,
    /// What stands in the frame while there is no picture yet.
    pub caption: String,
}

/// How pictures look in this theme.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// The frame and the caption of a picture that is not there yet.
    pub frame: Style,
    /// The message of one that will never be.
    pub error: Style,
    /// What shines through transparent pixels; without it, the terminal's own background.
    pub background: Option<(u8, u8, u8)>,
    /// How many colours there are.
    pub depth: ColorDepth,
}

impl Look {
    /// What a theme makes of pictures.
    pub fn of(theme: &Theme, capabilities: &Capabilities) -> Self {
        let background = match theme.style(Role::Text).bg {
            Some(Color::Rgb(red, green, blue)) => Some((red, green, blue)),
            Some(Color::Reset) | None => capabilities.background,
            // A colour that only the terminal knows.
            Some(_) => None,
        };
        Self {
            frame: theme.style(Role::ImageFrame),
            error: theme.style(Role::Error),
            background,
            depth: ColorDepth::of(capabilities),
        }
    }
}

/// What the user wants pictures to be drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BackendChoice {
    /// The best that the terminal confirmed.
    #[default]
    Auto,
    /// Half blocks.
    Blocks,
    /// The kitty graphics protocol.
    Kitty,
    /// iTerm2's inline images.
    Iterm,
    /// Sixel.
    Sixel,
}

/// A way to get pictures onto the screen.
pub(crate) trait ImageBackend {
    /// Its name for `doctor`.
    fn name(&self) -> &'static str;

    /// What the cache has to prepare for a picture of this size in cells.
    fn target(&self, cols: u16, rows: u16, look: &Look) -> Target;

    /// A new frame begins.
    fn begin(&mut self, now: Instant);

    /// Draws into the frame. `covered`: something will be drawn over it.
    fn draw(&mut self, frame: &mut Buffer, at: &Placed<'_>, look: &Look);

    /// In what time another frame would look different although nothing else changes.
    fn changes_in(&self) -> Option<Duration>;

    /// Paints what cannot be a cell, after the frame has been written out. The caller flushes.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    fn present(&mut self, out: &mut dyn Write) -> io::Result<()>;

    /// The screen was cleared by someone else.
    fn invalidate(&mut self);
}

/// A placement together with its pixels.
pub(crate) struct Placed<'a> {
    /// Where.
    pub placement: &'a Placement,
    /// What.
    pub picture: &'a Arc<Scaled>,
    /// Whether something will be drawn over it.
    pub covered: bool,
}

/// All pictures of the full-screen UI.
pub(crate) struct Pictures {
    cache: ImageCache,
    backend: Box<dyn ImageBackend>,
    screen: Rect,
}

impl Pictures {
    /// Chooses a backend; nothing is asked or written yet.
    pub fn new(capabilities: &Capabilities, choice: BackendChoice, cache: ImageCache) -> Self {
        let graphics = Graphics::choose(capabilities, choice);
        Self {
            cache,
            backend: match graphics {
                Some(graphics) => Box::new(graphics),
                None => Box::new(HalfBlocks),
            },
            screen: Rect::ZERO,
        }
    }

    /// What draws pictures, for `doctor`.
    #[cfg(test)]
    pub fn backend_name(&self) -> &'static str {
        self.backend.name()
    }

    /// Draws the pictures of one frame, before any popup; `covered` are the popups' areas. Gives
    /// the time after which another frame is due, if one is.
    pub fn draw(
        &mut self,
        frame: &mut Buffer,
        placements: &[Placement],
        covered: &[Rect],
        look: &Look,
        now: Instant,
    ) -> Option<Duration> {
        if self.screen != frame.area {
            // The terminal was resized, which clears it.
            self.screen = frame.area;
            self.backend.invalidate();
        }
        self.backend.begin(now);
        for placement in placements {
            let target = self.backend.target(placement.cols, placement.rows, look);
            match self.cache.get(&placement.key, target) {
                Loaded::Waiting(None) => {
                    blocks::draw_frame(frame, placement, &placement.caption, look.frame);
                }
                Loaded::Waiting(Some(other)) => {
                    blocks::draw_blocks(frame, placement, &other.blocks, look);
                }
                Loaded::Failed(message) => {
                    blocks::draw_frame(frame, placement, &message, look.error);
                }
                Loaded::Ready(picture) => {
                    let at = Placed {
                        placement,
                        picture: &picture,
                        covered: covered.iter().any(|area| area.intersects(placement.area)),
                    };
                    self.backend.draw(frame, &at, look);
                }
            }
        }
        self.backend.changes_in()
    }

    /// Paints after the frame has been written out, still within its synchronized update: the
    /// second argument of [`super::terminal::Terminal::draw`].
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn present(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.backend.present(out)
    }

    /// In what time another frame is due although nothing else changes: like what
    /// [`Self::draw`] gives, but after [`Self::present`], which may have failed to paint.
    pub fn changes_in(&self) -> Option<Duration> {
        self.backend.changes_in()
    }

    /// The screen was cleared by someone else: after a suspension, or a full redraw.
    pub fn invalidate(&mut self) {
        self.backend.invalidate();
    }
}

/// The size in cells at which a picture fits into so many cells with its aspect kept. It is never
/// larger than one column for each pixel: that is where half blocks show every pixel as it is.
pub(crate) fn picture_size(
    width_px: u32,
    height_px: u32,
    max_cols: u16,
    max_rows: u16,
    cell_size: Option<(u16, u16)>,
) -> (u16, u16) {
    let natural = u16::try_from(width_px).unwrap_or(u16::MAX);
    fit(
        width_px,
        height_px,
        max_cols.min(natural),
        max_rows,
        cell_size,
    )
}

/// The largest size in cells within these bounds that keeps the aspect.
pub(crate) fn fit(
    width_px: u32,
    height_px: u32,
    max_cols: u16,
    max_rows: u16,
    cell_size: Option<(u16, u16)>,
) -> (u16, u16) {
    if width_px == 0 || height_px == 0 || max_cols == 0 || max_rows == 0 {
        return (0, 0);
    }
    let (cell_width, cell_height) = cell_size
        .filter(|&(width, height)| width > 0 && height > 0)
        .unwrap_or((1, 2));
    // cols × cell_width : rows × cell_height = width_px : height_px
    let across = u128::from(width_px) * u128::from(cell_height);
    let down = u128::from(height_px) * u128::from(cell_width);
    let cols = (u128::from(max_rows) * across / down).min(u128::from(max_cols));
    let cols = u16::try_from(cols).unwrap_or(max_cols).max(1);
    let rows = (u128::from(cols) * down + across / 2) / across;
    let rows = u16::try_from(rows).unwrap_or(max_rows).clamp(1, max_rows);
    (cols, rows)
}

#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod tests;
