//! Pictures without the full-screen UI: `companion show FILE…`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use image::DynamicImage;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::blocks::draw_blocks;
use super::cache::Full;
use super::graphics::{Protocol, choose_protocol, sent_size, viuer_config};
use super::probe::input_is_waiting;
use super::scale::{encode, scale};
use super::{
    BackendChoice, Capabilities, ColorDepth, FullSize, Look, PictureKey, Placement, Target, fit,
    kitty, picture_size, probe,
};
use crate::panics::contain;
use crate::picture::{self, PictureError, PictureInfo, shown_path, shown_size};

/// The size of the terminal that one is taken to have which does not tell it.
const DEFAULT_SIZE: (u16, u16) = (80, 24);

/// How to show pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShowOptions {
    /// Columns; the terminal's, if none are given.
    pub width: Option<u16>,
    /// Rows; the terminal's, if none are given.
    pub height: Option<u16>,
    /// With what. [`BackendChoice::Blocks`] draws even where there is no terminal.
    pub backend: BackendChoice,
}

/// Where pictures are written to.
#[derive(Clone, Debug)]
pub(super) struct Surface {
    /// What the terminal can do; nothing if there is none.
    pub terminal: Option<Capabilities>,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// Shows picture files on standard output, which `out` is: as pictures on a terminal, as a line of
/// text each anywhere else. Gives what went wrong with which file; a closed pipe ends it early.
///
/// # Errors
/// If the output cannot be written to.
pub(crate) fn show_to_stdout(
    paths: &[PathBuf],
    options: ShowOptions,
    out: &mut impl Write,
) -> io::Result<Vec<PictureError>> {
    let terminal = io::stdout().is_terminal().then(|| {
        if options.backend == BackendChoice::Blocks || input_is_waiting() {
            // What was typed already belongs to the shell: do not read it, do not ask.
            Capabilities::from_environment(|name| std::env::var(name).ok())
        } else {
            probe().capabilities
        }
    });
    let surface = Surface {
        size: terminal
            .as_ref()
            .and_then(|_| crossterm::terminal::size().ok())
            .unwrap_or(DEFAULT_SIZE),
        terminal,
    };
    let mut failures = Vec::new();
    match show(paths, options, &surface, out, &mut failures) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(failures),
    }
}

pub(super) fn show(
    paths: &[PathBuf],
    options: ShowOptions,
    surface: &Surface,
    out: &mut impl Write,
    failures: &mut Vec<PictureError>,
) -> io::Result<()> {
    let draws = surface.terminal.is_some() || options.backend == BackendChoice::Blocks;
    for path in paths {
        let (bytes, info) = match picture::read(path) {
            Ok(read) => read,
            Err(error) => {
                failures.push(error);
                continue;
            }
        };
        let line = describe(path, info, bytes.len() as u64);
        let decoded = match picture::decode(&bytes) {
            Ok(decoded) => decoded,
            Err(error) => {
                failures.push(error.of(path));
                continue;
            }
        };
        drop(bytes);
        if !draws || paths.len() > 1 {
            writeln!(out, "{line}")?;
        }
        if draws {
            draw(decoded, options, surface, out)?;
        }
        out.flush()?;
    }
    Ok(())
}

/// `cat.png: PNG 640×480, 123 KiB`
fn describe(path: &Path, info: PictureInfo, size_bytes: u64) -> String {
    let (title, size) = (info.media_type.title(), shown_size(size_bytes));
    let (width, height) = (info.width, info.height);
    format!("{}: {title} {width}×{height}, {size}", shown_path(path))
}

fn draw(
    picture: DynamicImage,
    options: ShowOptions,
    surface: &Surface,
    out: &mut impl Write,
) -> io::Result<()> {
    let capabilities = surface.terminal.clone().unwrap_or_default();
    let (cols, rows) = size_in_cells(&picture, options, surface, capabilities.cell_size);
    match usable_protocol(&capabilities, options.backend) {
        Some(Protocol::Kitty) => {
            let (width, height) = sent_size(cols, rows, capabilities.cell_size);
            let full = FullSize::Png { width, height };
            let sizes = scale(picture, Target { cols, rows, full });
            let encoded = sizes.full.map(|pixels| encode(full, pixels)).transpose();
            if let Some(Full::Png(png)) = encoded.map_err(io::Error::other)? {
                kitty::put_inline(out, &png, (cols, rows))?;
            }
            return writeln!(out);
        }
        Some(protocol) => {
            out.flush()?;
            if print_inline(&picture, protocol, (cols, rows), capabilities.cell_size) {
                // viuer ends a line only behind iTerm2's pictures.
                return match protocol {
                    Protocol::Sixel => writeln!(out),
                    Protocol::Kitty | Protocol::Iterm => Ok(()),
                };
            }
        }
        None => {}
    }
    let target = Target {
        cols,
        rows,
        full: FullSize::None,
    };
    let blocks = scale(picture, target).blocks;
    let area = Rect::new(0, 0, cols, rows);
    let mut buffer = Buffer::empty(area);
    let placement = Placement {
        key: PictureKey::File(PathBuf::new()),
        area,
        cols,
        rows,
        skip_rows: 0,
        caption: String::new(),
    };
    let look = Look {
        background: capabilities.background,
        depth: match &surface.terminal {
            Some(capabilities) => ColorDepth::of(capabilities),
            None => ColorDepth::True,
        },
        ..Look::default()
    };
    draw_blocks(&mut buffer, &placement, &blocks, &look);
    out.write_all(ansi_text(&buffer).as_bytes())
}

fn size_in_cells(
    picture: &DynamicImage,
    options: ShowOptions,
    surface: &Surface,
    cell_size: Option<(u16, u16)>,
) -> (u16, u16) {
    let (width, height) = (picture.width(), picture.height());
    let mut max_cols = options.width.unwrap_or(surface.size.0).clamp(1, 1000);
    if surface.terminal.is_some() {
        // Longer rows would be broken.
        max_cols = max_cols.min(surface.size.0.max(1));
    }
    // The prompt that follows needs a row.
    let max_rows = options.height.unwrap_or(surface.size.1.saturating_sub(1));
    let max_rows = max_rows.clamp(1, 1000);
    if options.width.is_some() || options.height.is_some() {
        fit(width, height, max_cols, max_rows, cell_size)
    } else {
        picture_size(width, height, max_cols, max_rows, cell_size)
    }
}

/// Nobody else reads from the terminal here, so viuer may ask it about sixels, if it answers.
/// What viuer does not agree to would be printed as half blocks of its own.
fn usable_protocol(capabilities: &Capabilities, choice: BackendChoice) -> Option<Protocol> {
    let protocol = choose_protocol(capabilities, choice)?;
    let agreed = match protocol {
        Protocol::Kitty => true,
        Protocol::Iterm => viuer::is_iterm_supported(),
        Protocol::Sixel => capabilities.answered && viuer::is_sixel_supported(),
    };
    agreed.then_some(protocol)
}

/// Has viuer print where the caret is. Nothing larger than its cells goes through the wire.
fn print_inline(
    picture: &DynamicImage,
    protocol: Protocol,
    (cols, rows): (u16, u16),
    cell: Option<(u16, u16)>,
) -> bool {
    let (width, height) = match protocol {
        Protocol::Kitty | Protocol::Iterm => (u32::from(cols), u32::from(rows)),
        Protocol::Sixel => sixel_size((cols, rows), cell),
    };
    let config = viuer::Config {
        absolute_offset: false,
        width: Some(width),
        height: Some(height),
        ..viuer_config(protocol)
    };
    let (max_width, max_height) = sent_size(cols, rows, cell);
    let printed = contain(|| {
        let picture = if picture.width() > max_width || picture.height() > max_height {
            picture.thumbnail_exact(max_width, max_height).into_rgba8()
        } else {
            picture.to_rgba8()
        };
        viuer::print(&picture.into(), &config)
    });
    matches!(printed, Ok(Ok(_)))
}

/// In viuer's cells, which are 6×12 pixels and at most 1000 pixels together in width, so that the
/// sixels cover these cells and not more.
pub(super) fn sixel_size((cols, rows): (u16, u16), cell: Option<(u16, u16)>) -> (u32, u32) {
    let cell = cell.unwrap_or((6, 12));
    let width = u32::from(cols) * u32::from(cell.0);
    let height = u32::from(rows) * u32::from(cell.1);
    let cut = width.min(1000);
    let height = u64::from(height) * u64::from(cut) / u64::from(width.max(1));
    let height = u32::try_from(height).unwrap_or(u32::MAX);
    ((cut / 6).max(1), (height / 12).max(1))
}

/// The cells of a buffer as text with colours, a line for each row.
fn ansi_text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer
        .content()
        .chunks(usize::from(buffer.area.width.max(1)))
    {
        let mut colors = (Color::Reset, Color::Reset);
        for cell in row {
            if (cell.fg, cell.bg) != colors {
                colors = (cell.fg, cell.bg);
                text.push_str("\x1b[0");
                push_color(&mut text, 38, cell.fg);
                push_color(&mut text, 48, cell.bg);
                text.push('m');
            }
            text.push_str(cell.symbol());
        }
        if colors != (Color::Reset, Color::Reset) {
            text.push_str("\x1b[0m");
        }
        text.push('\n');
    }
    text
}

fn push_color(text: &mut String, ground: u8, color: Color) {
    // Writing to a string cannot fail.
    let _ = match color {
        Color::Rgb(red, green, blue) => write!(text, ";{ground};2;{red};{green};{blue}"),
        Color::Indexed(index) => write!(text, ";{ground};5;{index}"),
        _ => Ok(()),
    };
}
