//! Half blocks: two pixels to a cell, in any terminal.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use image::{Rgba, RgbaImage};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Block, Paragraph, Widget, Wrap};
use unicode_width::UnicodeWidthStr;

use super::{Capabilities, FullSize, ImageBackend, Look, Placed, Placement, Target};
use crate::tui::theme::nearest_256;

/// Below this a pixel counts as transparent where there is no colour to blend it with.
const OPAQUE_FROM: u8 = 128;
/// From dark to bright, for those who want no colours.
const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ColorDepth {
    /// 24 bits.
    #[default]
    True,
    /// The 6×6×6 cube and the greys of the 256 colours.
    Indexed,
    /// None: shades of the text colour.
    None,
}

impl ColorDepth {
    /// What a terminal with these capabilities shows.
    pub fn of(capabilities: &Capabilities) -> Self {
        if capabilities.no_color {
            Self::None
        } else if capabilities.truecolor {
            Self::True
        } else {
            Self::Indexed
        }
    }

    fn color(self, rgb: [u8; 3]) -> Color {
        match self {
            Self::True => Color::Rgb(rgb[0], rgb[1], rgb[2]),
            Self::Indexed => Color::Indexed(nearest_256(rgb)),
            Self::None => Color::Reset,
        }
    }
}

/// The backend that always works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfBlocks;

impl ImageBackend for HalfBlocks {
    fn name(&self) -> &'static str {
        "half blocks"
    }

    fn target(&self, cols: u16, rows: u16, _look: &Look) -> Target {
        Target {
            cols,
            rows,
            full: FullSize::None,
        }
    }

    fn begin(&mut self, _now: Instant) {}

    fn draw(&mut self, frame: &mut Buffer, at: &Placed<'_>, look: &Look) {
        draw_blocks(frame, at.placement, &at.picture.blocks, look);
    }

    fn changes_in(&self) -> Option<Duration> {
        None
    }

    fn present(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn invalidate(&mut self) {}
}

/// Draws the visible rows of a picture, which has one column of pixels for each column of cells
/// and two rows for each row; one of another size is stretched.
pub(super) fn draw_blocks(
    frame: &mut Buffer,
    placement: &Placement,
    pixels: &RgbaImage,
    look: &Look,
) {
    let area = placement.area.intersection(frame.area);
    let (width, height) = (u32::from(placement.cols), 2 * u32::from(placement.rows));
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let column = u32::from(x - placement.area.x);
            let row = u32::from(y - placement.area.y) + u32::from(placement.skip_rows);
            let pixel = |row| {
                if column >= width || row >= height {
                    return None;
                }
                let (x, y) = (
                    column * pixels.width() / width,
                    row * pixels.height() / height,
                );
                pixels.get_pixel_checked(x, y).copied()
            };
            let (Some(top), Some(bottom)) = (pixel(2 * row), pixel(2 * row + 1)) else {
                continue;
            };
            if let Some(cell) = frame.cell_mut((x, y)) {
                draw_cell(cell, top, bottom, look);
            }
        }
    }
}

fn draw_cell(cell: &mut Cell, top: Rgba<u8>, bottom: Rgba<u8>, look: &Look) {
    // What shows no pixel keeps its ground.
    cell.set_symbol(" ");
    cell.modifier = Modifier::empty();
    let colors = [top, bottom].map(|pixel| blend(pixel, look.background));
    if look.depth == ColorDepth::None {
        let light: u32 = colors.iter().flatten().map(|&rgb| luminance(rgb)).sum();
        let shade = light as usize * SHADES.len() / (2 * 256);
        cell.set_symbol(SHADES.get(shade).copied().unwrap_or(" "));
        return;
    }
    match colors.map(|rgb| rgb.map(|rgb| look.depth.color(rgb))) {
        [Some(top), Some(bottom)] => cell.set_symbol("▀").set_fg(top).set_bg(bottom),
        [Some(top), None] => cell.set_symbol("▀").set_fg(top),
        [None, Some(bottom)] => cell.set_symbol("▄").set_fg(bottom),
        [None, None] => cell,
    };
}

/// Draws a box with a text where a picture will be, or would have been.
pub(super) fn draw_frame(frame: &mut Buffer, placement: &Placement, text: &str, style: Style) {
    // Draw it whole, then copy the rows that can be seen.
    let whole = Rect::new(0, 0, placement.cols, placement.rows.min(500));
    let mut drawn = Buffer::empty(whole);
    let text = text.replace(char::is_control, " ");
    let width = text.width();
    let paragraph = Paragraph::new(text)
        .style(style)
        .centered()
        .wrap(Wrap { trim: true });
    if whole.width > 4 && whole.height > 2 {
        let block = Block::bordered().border_style(style);
        let inside = block.inner(whole);
        block.render(whole, &mut drawn);
        // About as many lines as it takes, in the middle.
        let lines = width.div_ceil(usize::from(inside.width));
        let lines = u16::try_from(lines).unwrap_or(u16::MAX).min(inside.height);
        let above = (inside.height - lines) / 2;
        let middle = Rect {
            y: inside.y + above,
            height: inside.height - above,
            ..inside
        };
        paragraph.render(middle, &mut drawn);
    } else {
        paragraph.render(whole, &mut drawn);
    }
    let area = placement.area.intersection(frame.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let row = (y - placement.area.y).saturating_add(placement.skip_rows);
            let ground = frame.cell((x, y)).map_or(Color::Reset, |cell| cell.bg);
            let source = drawn.cell((x - placement.area.x, row)).cloned();
            if let (Some(cell), Some(source)) = (frame.cell_mut((x, y)), source) {
                cell.set_symbol(source.symbol());
                cell.set_style(source.style());
                if source.bg == Color::Reset {
                    cell.bg = ground;
                }
            }
        }
    }
}

/// The pixel over the background; nothing if it cannot be seen.
pub(super) fn blend(pixel: Rgba<u8>, background: Option<(u8, u8, u8)>) -> Option<[u8; 3]> {
    let Rgba([red, green, blue, alpha]) = pixel;
    match background {
        _ if alpha == 255 => Some([red, green, blue]),
        None => (alpha >= OPAQUE_FROM).then_some([red, green, blue]),
        Some(background) => {
            let over = |above: u8, below: u8| {
                let sum =
                    u32::from(above) * u32::from(alpha) + u32::from(below) * u32::from(255 - alpha);
                u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
            };
            Some([
                over(red, background.0),
                over(green, background.1),
                over(blue, background.2),
            ])
        }
    }
}

/// Rec. 601 luma, 0 to 255.
fn luminance([red, green, blue]: [u8; 3]) -> u32 {
    (u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000
}
