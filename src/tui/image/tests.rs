//! Sizes, half blocks, the graphics discipline, the cache, and `show`, all without a terminal.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc;

use image::{DynamicImage, Rgba, RgbaImage};
use ratatui::buffer::CellDiffOption;
use ratatui::style::Color;

use super::blocks::{draw_blocks, draw_frame};
use crate::tui::theme::nearest_256;
use std::sync::OnceLock;

use super::cache_tests::{blob, four_by_four, png, wait};
use super::graphics::{Protocol, SETTLE, choose_protocol};
use super::scale::{encode, scale};
use super::show::{Surface, show, sixel_size};
use super::*;

fn placement(area: Rect, cols: u16, rows: u16) -> Placement {
    Placement {
        key: PictureKey::File("cat.png".into()),
        area,
        cols,
        rows,
        skip_rows: 0,
        caption: "cat.png".into(),
    }
}

fn look() -> Look {
    Look::default()
}

/// A row of text for each row of cells: `symbol fg bg`.
fn shown(buffer: &Buffer) -> String {
    let name = |color: Color| match color {
        Color::Rgb(r, g, b) => format!("{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(index) => index.to_string(),
        Color::Reset => "-".into(),
        other => format!("{other:?}"),
    };
    let mut text = String::new();
    for row in buffer.content().chunks(usize::from(buffer.area.width)) {
        let cells: Vec<_> = row
            .iter()
            .map(|cell| format!("{} {} {}", cell.symbol(), name(cell.fg), name(cell.bg)))
            .collect();
        text.push_str(&cells.join(" | "));
        text.push('\n');
    }
    text
}

#[test]
fn sizes_keep_the_aspect() {
    // (width, height), (max cols, max rows), cell, expected
    let cases = [
        ((640, 480), (80, 24), None, (64, 24)),
        ((640, 480), (40, 24), None, (40, 15)),
        ((480, 640), (80, 24), None, (36, 24)),
        ((640, 480), (80, 24), Some((8, 16)), (64, 24)),
        ((640, 480), (80, 40), Some((10, 16)), (80, 38)),
        // Small pictures are not blown up: a column for each pixel.
        ((16, 16), (80, 24), None, (16, 8)),
        ((1, 1), (80, 24), None, (1, 1)),
        // Extremes.
        ((10_000, 1), (80, 24), None, (80, 1)),
        ((1, 10_000), (80, 24), None, (1, 24)),
        ((u32::MAX, u32::MAX), (80, 24), None, (48, 24)),
        (
            (u32::MAX, u32::MAX),
            (u16::MAX, u16::MAX),
            Some((1, 2)),
            (65535, 32768),
        ),
        // Nothing at all.
        ((0, 5), (80, 24), None, (0, 0)),
        ((5, 5), (0, 24), None, (0, 0)),
        ((100, 100), (80, 24), Some((0, 0)), (48, 24)),
    ];
    for ((width, height), (cols, rows), cell, expected) in cases {
        let size = picture_size(width, height, cols, rows, cell);
        assert_eq!(
            size, expected,
            "{width}×{height} in {cols}×{rows}, {cell:?}"
        );
    }
}

#[test]
fn sizes_stay_within_their_bounds() {
    for width in [1, 3, 50, 999, 70_000] {
        for height in [1, 7, 80, 1001, 90_000] {
            for (cols, rows) in [(1, 1), (2, 50), (200, 3), (199, 51)] {
                let size = picture_size(width, height, cols, rows, Some((9, 19)));
                assert!((1..=cols).contains(&size.0), "{size:?}");
                assert!((1..=rows).contains(&size.1), "{size:?}");
                let grown = fit(width, height, cols, rows, Some((9, 19)));
                assert!(grown.0 >= size.0 && grown.1 >= size.1);
            }
        }
    }
}

#[test]
fn a_picture_of_four_by_four_pixels() {
    let area = Rect::new(0, 0, 4, 2);
    let mut buffer = Buffer::empty(area);
    draw_blocks(
        &mut buffer,
        &placement(area, 4, 2),
        &four_by_four(),
        &look(),
    );
    insta::assert_snapshot!(shown(&buffer), @"
    ▀ 000080 005080 | ▀ 500080 505080 | ▀ a00080 a05080 | ▀ f00080 -
    ▀ 00a080 00f080 | ▀ 50a080 50f080 | ▀ a0a080 a0f080 | ▄ f0f080 -
    ");
}

#[test]
fn a_picture_of_another_size_is_stretched() {
    let area = Rect::new(0, 0, 2, 1);
    let mut buffer = Buffer::empty(area);
    draw_blocks(
        &mut buffer,
        &placement(area, 2, 1),
        &four_by_four(),
        &look(),
    );
    assert_eq!(shown(&buffer), "▀ 000080 00a080 | ▀ a00080 a0a080\n");
}

#[test]
fn transparent_pixels_take_the_background() {
    let area = Rect::new(0, 0, 1, 1);
    let mut buffer = Buffer::empty(area);
    let pixels = RgbaImage::from_fn(1, 2, |_, y| {
        Rgba([200, 100, 0, if y == 0 { 128 } else { 0 }])
    });
    let look = Look {
        background: Some((0, 0, 100)),
        ..look()
    };
    draw_blocks(&mut buffer, &placement(area, 1, 1), &pixels, &look);
    assert_eq!(shown(&buffer), "▀ 643232 000064\n");
}

#[test]
fn the_ground_stays_where_no_pixel_is() {
    let area = Rect::new(0, 0, 9, 3);
    let mut buffer = Buffer::empty(area);
    buffer.set_style(area, Style::new().bg(Color::Blue));
    let pixels = RgbaImage::new(9, 6);
    draw_blocks(&mut buffer, &placement(area, 9, 3), &pixels, &look());
    assert!(buffer.content().iter().all(|cell| cell.bg == Color::Blue));
    let style = Style::new().fg(Color::Red);
    draw_frame(&mut buffer, &placement(area, 9, 3), "cat", style);
    let is_right = |cell: &ratatui::buffer::Cell| cell.bg == Color::Blue;
    assert!(buffer.content().iter().all(is_right));
    assert_eq!(buffer.content()[0].fg, Color::Red);
}

#[test]
fn fewer_colours_are_the_nearest() {
    let exact = [
        ([0, 0, 0], 16),
        ([255, 255, 255], 231),
        ([255, 0, 0], 196),
        ([95, 135, 175], 67),
        ([8, 8, 8], 232),
        ([238, 238, 238], 255),
        ([128, 128, 128], 244),
    ];
    for (rgb, index) in exact {
        assert_eq!(nearest_256(rgb), index, "{rgb:?}");
    }
    let area = Rect::new(0, 0, 1, 1);
    let pixels = RgbaImage::from_fn(1, 2, |_, y| {
        Rgba(if y == 0 { [250, 5, 3, 255] } else { [255; 4] })
    });
    for (depth, expected) in [
        (ColorDepth::Indexed, "▀ 196 231\n"),
        (ColorDepth::None, "▓ - -\n"),
    ] {
        let mut buffer = Buffer::empty(area);
        let look = Look { depth, ..look() };
        draw_blocks(&mut buffer, &placement(area, 1, 1), &pixels, &look);
        assert_eq!(shown(&buffer), expected);
    }
}

#[test]
fn pictures_are_clipped_at_every_side() {
    let pixels = RgbaImage::from_fn(4, 8, |x, y| {
        let [x, y] = [x, y].map(|v| u8::try_from(v).expect("small"));
        Rgba([x, y, 0, 255])
    });
    let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 2));
    // Its first row is hidden, its last does not fit, and neither does its last column.
    let clipped = Placement {
        skip_rows: 1,
        ..placement(Rect::new(1, 0, 4, 3), 4, 4)
    };
    draw_blocks(&mut buffer, &clipped, &pixels, &look());
    assert_eq!(
        shown(&buffer),
        "  - - | ▀ 000200 000300 | ▀ 010200 010300\n\
         \x20 - - | ▀ 000400 000500 | ▀ 010400 010500\n"
    );
}

#[test]
fn a_picture_that_is_not_there_yet_is_a_frame() {
    let text = |placement: &Placement, screen: Rect| {
        let mut buffer = Buffer::empty(screen);
        draw_frame(&mut buffer, placement, &placement.caption, Style::new());
        let rows = buffer.content().chunks(usize::from(screen.width));
        let rows = rows.map(|row| {
            row.iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect::<String>()
        });
        rows.collect::<Vec<_>>().join("\n")
    };
    let area = Rect::new(0, 0, 11, 5);
    let whole = text(&placement(area, 11, 5), area);
    assert_eq!(
        whole,
        "┌─────────┐\n│         │\n│ cat.png │\n│         │\n└─────────┘"
    );
    let clipped = Placement {
        skip_rows: 2,
        ..placement(Rect::new(0, 0, 11, 2), 11, 5)
    };
    assert_eq!(
        text(&clipped, Rect::new(0, 0, 11, 2)),
        "│ cat.png │\n│         │"
    );
    // Too small for a frame.
    let tiny = placement(Rect::new(0, 0, 4, 1), 4, 1);
    assert_eq!(text(&tiny, Rect::new(0, 0, 4, 1)), "cat.");
    let nothing = placement(Rect::new(0, 0, 0, 0), 0, 0);
    assert_eq!(text(&nothing, Rect::new(0, 0, 2, 1)), "  ");
}

/// A backend, a screen, and what it wrote and printed.
struct Stage {
    graphics: Graphics,
    picture: Arc<Scaled>,
    now: Instant,
    printed: Rc<RefCell<Vec<viuer::Config>>>,
}

impl Stage {
    fn new(protocol: Protocol) -> Self {
        let printed = Rc::new(RefCell::new(Vec::new()));
        let log = Rc::clone(&printed);
        let print = move |_: &DynamicImage, config: &viuer::Config| {
            log.borrow_mut().push(config.clone());
            Ok(())
        };
        let graphics = Graphics::new(protocol, Some((10, 20)), Box::new(print));
        let picture = DynamicImage::ImageRgba8(four_by_four());
        let target = graphics.target(4, 2, &look());
        let sizes = scale(picture, target);
        let full = encode(target.full, sizes.full.expect("asked for")).expect("encoded");
        let picture = Scaled {
            blocks: sizes.blocks,
            full: OnceLock::from(full),
        };
        Self {
            graphics,
            picture: Arc::new(picture),
            now: Instant::now(),
            printed,
        }
    }

    /// Draws a frame and paints; gives the buffer and the bytes.
    fn frame(&mut self, placements: &[Placement], covered: bool) -> (Buffer, String) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 10));
        self.graphics.begin(self.now);
        for placement in placements {
            let at = Placed {
                placement,
                picture: &self.picture,
                covered,
            };
            self.graphics.draw(&mut buffer, &at, &look());
        }
        let mut out = Vec::new();
        self.graphics.present(&mut out).expect("written");
        (buffer, String::from_utf8(out).expect("text"))
    }

    fn settle(&mut self) {
        self.now += SETTLE;
    }
}

fn is_blocks(buffer: &Buffer, x: u16, y: u16) -> bool {
    buffer.cell((x, y)).expect("inside").symbol() == "▀"
}

fn is_left_alone(buffer: &Buffer, x: u16, y: u16) -> bool {
    buffer.cell((x, y)).expect("inside").diff_option == CellDiffOption::Skip
}

#[test]
fn kitty_pictures_are_painted_once_when_they_stand_still() {
    let mut stage = Stage::new(Protocol::Kitty);
    let here = [placement(Rect::new(3, 1, 4, 2), 4, 2)];

    let (buffer, bytes) = stage.frame(&here, false);
    assert!(is_blocks(&buffer, 3, 1));
    assert_eq!(bytes, "");
    assert_eq!(stage.graphics.changes_in(), Some(SETTLE));

    stage.settle();
    let (buffer, bytes) = stage.frame(&here, false);
    assert!(!is_blocks(&buffer, 3, 1), "blank below the picture");
    assert!(!is_left_alone(&buffer, 3, 1));
    let id = stage.graphics.shown_ids()[0];
    let expected =
        format!("\x1b7\x1b[2;4H\x1b_Ga=T,f=100,t=d,i={id},p=1,c=4,r=2,C=1,q=2,m=0;iVBOR");
    assert!(bytes.starts_with(&expected), "{bytes:?}");
    assert!(bytes.ends_with("\x1b\\\x1b8"), "{bytes:?}");
    assert_eq!(stage.graphics.changes_in(), None);

    let (buffer, bytes) = stage.frame(&here, false);
    assert!(is_left_alone(&buffer, 3, 1));
    assert_eq!(bytes, "");

    // Scrolled by a row: half blocks at once, and the old one goes.
    let there = [placement(Rect::new(3, 2, 4, 2), 4, 2)];
    let (buffer, bytes) = stage.frame(&there, false);
    assert!(is_blocks(&buffer, 3, 2));
    assert_eq!(bytes, format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\"));

    // Gone altogether.
    stage.settle();
    stage.frame(&there, false);
    let id = stage.graphics.shown_ids()[0];
    let (_, bytes) = stage.frame(&[], false);
    assert_eq!(bytes, format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\"));
}

#[test]
fn a_picture_that_goes_is_erased_by_writing_its_cells() {
    for frames_shown in 1..3 {
        let mut stage = Stage::new(Protocol::Sixel);
        let here = [placement(Rect::new(3, 1, 4, 2), 4, 2)];
        stage.frame(&here, false);
        stage.settle();
        let mut before = Buffer::empty(Rect::new(0, 0, 20, 10));
        for _ in 0..frames_shown {
            (before, _) = stage.frame(&here, false);
        }
        let (after, _) = stage.frame(&[], false);
        let written: Vec<_> = before
            .diff(&after)
            .iter()
            .map(|(x, y, _)| (*x, *y))
            .collect();
        let all: Vec<_> = here[0].area.positions().map(Into::into).collect();
        assert_eq!(written, all, "shown for {frames_shown} frames");
    }
}

#[test]
fn pictures_that_are_cut_or_covered_stay_half_blocks() {
    let mut stage = Stage::new(Protocol::Sixel);
    let cases = [
        // Rows hidden above.
        (
            Placement {
                skip_rows: 1,
                ..placement(Rect::new(0, 0, 4, 1), 4, 2)
            },
            false,
        ),
        // Rows hidden below.
        (placement(Rect::new(0, 4, 4, 1), 4, 2), false),
        // The last row of the screen has to stay free.
        (placement(Rect::new(0, 8, 4, 2), 4, 2), false),
        // A popup.
        (placement(Rect::new(0, 0, 4, 2), 4, 2), true),
    ];
    for (placement, covered) in cases {
        let placements = [placement];
        stage.frame(&placements, covered);
        stage.settle();
        let (buffer, _) = stage.frame(&placements, covered);
        let area = placements[0].area;
        assert!(is_blocks(&buffer, area.x, area.y), "{area:?}");
        assert_eq!(stage.graphics.changes_in(), None);
    }
    assert!(stage.printed.borrow().is_empty());
}

#[test]
fn viuer_is_told_where_how_large_and_by_which_protocol() {
    let mut stage = Stage::new(Protocol::Iterm);
    let here = [placement(Rect::new(3, 1, 4, 2), 4, 2)];
    stage.frame(&here, false);
    stage.settle();
    let (_, bytes) = stage.frame(&here, false);
    assert_eq!(bytes, "\x1b7\x1b8");
    stage.frame(&here, false);
    let printed = stage.printed.borrow();
    let [config] = printed.as_slice() else {
        panic!("printed {} times", printed.len());
    };
    assert_eq!((config.x, config.y, config.absolute_offset), (3, 1, true));
    assert_eq!((config.width, config.height), (Some(4), Some(2)));
    let flags = (config.use_kitty, config.use_iterm, config.use_sixel);
    assert_eq!(flags, (false, true, false));
}

#[test]
fn sixels_are_written_at_their_place_and_as_large_as_their_cells() {
    let mut stage = Stage::new(Protocol::Sixel);
    let FullSize::Sixel { width, height, .. } = stage.graphics.target(4, 2, &look()).full else {
        panic!("no sixels");
    };
    // Two rows of 20 pixels, in bands of six.
    assert_eq!((width, height), (40, 36));
    let here = [placement(Rect::new(3, 1, 4, 2), 4, 2)];
    stage.frame(&here, false);
    stage.settle();
    let (_, bytes) = stage.frame(&here, false);
    assert!(bytes.starts_with("\x1b7\x1b[2;4H\x1bP"), "{bytes:?}");
    assert!(bytes.ends_with("\x1b\\\x1b8"), "{bytes:?}");
    let (_, bytes) = stage.frame(&here, false);
    assert_eq!(bytes, "");
    // Half blocks have to do for what would take seconds.
    assert_eq!(
        stage.graphics.target(400, 100, &look()).full,
        FullSize::None
    );
}

#[test]
fn a_picture_that_is_not_encoded_yet_is_half_blocks() {
    let mut stage = Stage::new(Protocol::Sixel);
    let whole = std::mem::replace(
        &mut stage.picture,
        Arc::new(Scaled {
            blocks: four_by_four(),
            full: OnceLock::new(),
        }),
    );
    let here = [placement(Rect::new(0, 0, 4, 2), 4, 2)];
    stage.frame(&here, false);
    stage.settle();
    let (buffer, bytes) = stage.frame(&here, false);
    assert!(is_blocks(&buffer, 0, 0));
    assert_eq!((bytes.as_str(), stage.graphics.changes_in()), ("", None));
    stage.picture = whole;
    let (_, bytes) = stage.frame(&here, false);
    assert!(bytes.contains("\x1bP"), "at once: it stands still");
}

#[test]
fn a_cleared_screen_is_painted_again() {
    let mut stage = Stage::new(Protocol::Kitty);
    let here = [placement(Rect::new(0, 0, 4, 2), 4, 2)];
    stage.frame(&here, false);
    stage.settle();
    stage.frame(&here, false);
    let id = stage.graphics.shown_ids()[0];
    stage.graphics.invalidate();
    let (buffer, bytes) = stage.frame(&here, false);
    assert!(!is_left_alone(&buffer, 0, 0));
    let deleted = format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\\x1b7");
    assert!(bytes.starts_with(&deleted), "{bytes:?}");
    assert_ne!(stage.graphics.shown_ids()[0], id);
}

#[test]
fn a_protocol_that_fails_is_not_tried_again() {
    let fails: [fn() -> Result<(), String>; 2] =
        [|| Err("no".into()), || panic!("overflow in the encoder")];
    for fail in fails {
        let mut stage = Stage::new(Protocol::Iterm);
        stage.graphics = Graphics::new(
            Protocol::Iterm,
            None,
            Box::new(move |_: &DynamicImage, _: &viuer::Config| fail()),
        );
        let here = [placement(Rect::new(0, 0, 4, 2), 4, 2)];
        stage.frame(&here, false);
        stage.settle();
        stage.frame(&here, false);
        assert_eq!(stage.graphics.changes_in(), Some(Duration::ZERO));
        let (buffer, _) = stage.frame(&here, false);
        assert!(is_blocks(&buffer, 0, 0));
        assert_eq!(stage.graphics.changes_in(), None);
    }
}

#[test]
fn sixels_never_leave_their_cells() {
    for (cols, rows, cell) in [
        (4, 2, (10, 20)),
        (200, 40, (9, 18)),
        (1, 1, (2, 4)),
        (80, 3, (8, 16)),
    ] {
        let (width, height) = sixel_size((cols, rows), Some(cell));
        assert!(width >= 1 && height >= 1);
        assert!(6 * width <= (u32::from(cols) * u32::from(cell.0)).max(6));
        assert!(12 * height <= (u32::from(rows) * u32::from(cell.1)).max(12));
    }
}

#[test]
fn protocols_are_used_only_where_they_were_confirmed() {
    let all = Capabilities {
        kitty: true,
        iterm: true,
        sixel: true,
        answered: true,
        ..Capabilities::default()
    };
    let choose = |capabilities: &Capabilities, choice| choose_protocol(capabilities, choice);
    assert_eq!(choose(&all, BackendChoice::Auto), Some(Protocol::Kitty));
    assert_eq!(choose(&all, BackendChoice::Iterm), Some(Protocol::Iterm));
    assert_eq!(choose(&all, BackendChoice::Sixel), Some(Protocol::Sixel));
    assert_eq!(choose(&all, BackendChoice::Blocks), None);
    let none = Capabilities::default();
    for choice in [
        BackendChoice::Auto,
        BackendChoice::Kitty,
        BackendChoice::Sixel,
    ] {
        assert_eq!(choose(&none, choice), None);
    }
    let plain = Capabilities {
        no_color: true,
        ..all
    };
    assert_eq!(choose(&plain, BackendChoice::Auto), None);
}

fn folder_with(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

fn show_text(paths: &[PathBuf], options: ShowOptions, surface: &Surface) -> (String, Vec<String>) {
    let (mut out, mut failures) = (Vec::new(), Vec::new());
    show(paths, options, surface, &mut out, &mut failures).expect("written");
    let failures = failures.iter().map(ToString::to_string).collect();
    (String::from_utf8(out).expect("text"), failures)
}

#[test]
fn in_a_pipe_a_picture_is_a_line() {
    let folder = folder_with(&[("a.png", png(20, 10)), ("b.txt", b"no".to_vec())]);
    let paths = ["a.png", "b.txt", "gone.gif"].map(|name| folder.path().join(name));
    let pipe = Surface {
        terminal: None,
        size: (80, 24),
    };
    let (text, failures) = show_text(&paths, ShowOptions::default(), &pipe);
    let size = png(20, 10).len();
    let expected = format!("{}: PNG 20×10, {size} B\n", paths[0].display());
    assert_eq!(text, expected);
    assert_eq!(failures.len(), 2);
    assert!(failures[0].contains("b.txt: not a picture"), "{failures:?}");
    assert!(
        failures[1].contains("gone.gif: no such file"),
        "{failures:?}"
    );
}

#[test]
fn on_a_terminal_a_picture_is_drawn() {
    let folder = folder_with(&[("a.png", png(3, 4))]);
    let paths = [folder.path().join("a.png")];
    let truecolor = Surface {
        terminal: Some(Capabilities {
            truecolor: true,
            ..Capabilities::default()
        }),
        size: (80, 24),
    };
    let (text, failures) = show_text(&paths, ShowOptions::default(), &truecolor);
    assert!(failures.is_empty());
    let row = "\x1b[0;38;2;1;2;3;48;2;1;2;3m▀▀▀\x1b[0m\n";
    assert_eq!(text, row.repeat(2));

    // Asked for in a pipe, and at another size.
    let pipe = Surface {
        terminal: None,
        size: (80, 24),
    };
    let options = ShowOptions {
        width: Some(6),
        height: None,
        backend: BackendChoice::Blocks,
    };
    let (text, _) = show_text(&paths, options, &pipe);
    let row = "\x1b[0;38;2;1;2;3;48;2;1;2;3m▀▀▀▀▀▀\x1b[0m\n";
    assert_eq!(text, row.repeat(4));
}

#[test]
fn everything_together_draws_a_frame_then_a_picture_then_its_failure() {
    let (send, woken) = mpsc::channel();
    let cache = ImageCache::start(
        |id| {
            if id.0[0] == 1 {
                Ok(png(8, 8))
            } else {
                Err("the blob is gone".into())
            }
        },
        move || send.send(()).unwrap_or_default(),
    )
    .expect("a thread");
    let mut pictures = Pictures::new(&Capabilities::default(), BackendChoice::Auto, cache);
    assert_eq!(pictures.backend_name(), "half blocks");
    let (cols, rows) = picture_size(8, 8, 40, 10, None);
    assert_eq!((cols, rows), (8, 4));
    let placements = [(1, 0), (2, 5)].map(|(n, y)| Placement {
        key: blob(n),
        ..placement(Rect::new(0, y, cols, rows), cols, rows)
    });
    let mut draw = || {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 10));
        pictures.draw(&mut buffer, &placements, &[], &look(), Instant::now());
        let symbols = buffer.content().iter().map(ratatui::buffer::Cell::symbol);
        symbols.collect::<String>()
    };
    assert!(draw().starts_with("┌──────┐"));
    wait(&woken);
    wait(&woken);
    let screen = draw();
    assert!(screen.starts_with("▀▀▀▀▀▀▀▀"), "{screen}");
    assert!(screen.contains("the"), "{screen}");
}
