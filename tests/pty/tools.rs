//! Slash commands, pictures, layers.

use image::{Rgb, RgbImage};

use super::stage::{Terminal, World, files, keys};

#[test]
fn pictures_are_drawn_as_half_blocks() {
    let world = World::new();
    let picture = RgbImage::from_fn(64, 64, |x, _| match x {
        0..32 => Rgb([220, 20, 20]),
        _ => Rgb([20, 20, 220]),
    });
    picture
        .save(world.path("work/two halves.png"))
        .expect("written");
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("/show two halves.png");
    let screen = stage.wait_for("half blocks", |screen| screen.count("▀▀▀▀") > 3);
    let (row, text) = screen.row_of("▀▀▀▀").expect("a row");
    let first = text
        .chars()
        .position(|letter| letter == '▀')
        .expect("a cell");
    let last = text.chars().filter(|&letter| letter == '▀').count() + first - 1;
    let colour = |column: usize| {
        let at = |n: usize| u16::try_from(n).expect("small");
        screen
            .cells
            .cell(at(row), at(column))
            .expect("a cell")
            .fgcolor()
    };
    assert_eq!(colour(first), vt100::Color::Rgb(220, 20, 20));
    assert_eq!(colour(last), vt100::Color::Rgb(20, 20, 220));
    assert!(screen.has("64×64"), "{}", screen.text);

    std::fs::write(
        world.path("work/broken.png"),
        b"\x89PNG\r\n\x1a\nnot really",
    )
    .expect("written");
    stage.enter("/show broken.png");
    let screen = stage.wait_for("an error", |screen| {
        screen.has("broken.png: the PNG data is damaged")
    });
    assert!(screen.caret_row().contains("py 1 ❯"), "{}", screen.text);
    stage.enter("/show missing.png");
    stage.wait_for_text("missing.png");
    stage.enter("/show");
    stage.wait_for_text("/show wants PATH");
    stage.enter("'still ' + 'there'");
    stage.wait_for_text("'still there'");
    stage.quit();
}

#[test]
fn a_picture_that_would_fill_the_memory_is_refused() {
    let world = World::new();
    // A PNG that claims 60000 by 60000 pixels: its header is right, its data would come.
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend(60_000_u32.to_be_bytes());
    png.extend(60_000_u32.to_be_bytes());
    png.extend([8, 6, 0, 0, 0]);
    let checksum = crc32(&png[12..]);
    png.extend(checksum.to_be_bytes());
    png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    std::fs::write(world.path("work/bomb.png"), png).expect("written");
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("/show bomb.png");
    let screen = stage.wait_for("an error", |screen| screen.has("✗"));
    assert!(screen.has("60000"), "{}", screen.text);
    stage.enter("'un' + 'harmed'");
    stage.wait_for_text("'unharmed'");
    stage.quit();
}

/// The checksum of PNG: CRC-32, a bit at a time.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn long_output_is_folded_opened_and_searched() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("for n in range(500): print('line number', n)");
    stage.type_keys(keys::ENTER);
    let folded = stage.wait_for_prompt("py 2");
    assert!(
        folded.has("line number 499") && !folded.has("line number 250"),
        "{}",
        folded.text
    );
    stage.enter("/open");
    stage.wait_for_text("line number 0");
    stage.type_keys("/");
    stage.type_keys("number 333");
    stage.wait_for_text("line number 333");
    stage.type_keys(keys::ENTER);
    stage.type_keys("G");
    stage.wait_for_text("line number 499");
    stage.type_keys("q");
    stage.wait_for_prompt("py 2");

    stage.type_keys(keys::F4);
    stage.wait_for_text("line number 491");
    stage.type_keys(keys::PAGE_UP);
    stage.wait_for("the middle", |screen| screen.has("line number 48"));
    stage.enter("/search number 77");
    stage.wait_for_text("line number 77");
    stage.type_keys(keys::ESC);
    stage.wait_for_prompt("py 2");
    stage.quit();
}

#[test]
fn themes_are_previewed() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("text = 'coloured'");
    let before = stage.wait_for_prompt("py 2");
    let colour = |screen: &super::stage::Screen| {
        let (row, text) = screen.row_of("'coloured'").expect("the cell");
        let column = text
            .chars()
            .position(|letter| letter == '\'')
            .expect("a quote");
        let at = |n: usize| u16::try_from(n).expect("small");
        screen
            .cells
            .cell(at(row), at(column))
            .expect("a cell")
            .fgcolor()
    };
    let ansi = colour(&before);
    stage.enter("/theme");
    stage.wait_for_text("enter takes");
    stage.type_keys("l");
    stage.wait_for("the preview", |screen| {
        matches!(colour(screen), vt100::Color::Rgb(..))
    });
    stage.type_keys(keys::ESC);
    stage.wait_for("the colours of before", |screen| colour(screen) == ansi);
    stage.enter("/theme dark");
    stage.wait_for("the theme", |screen| {
        matches!(colour(screen), vt100::Color::Rgb(..))
    });
    stage.enter("/theme nonesuch");
    stage.wait_for_text("nonesuch");
    stage.quit();
}

#[test]
fn pages_open_and_close() {
    let world = World::new();
    let stage = world.start_with(&Terminal {
        rows: 50,
        columns: 120,
        ..Terminal::default()
    });
    stage.wait_for_prompt("py 1");
    for (command, text) in [
        ("/help", "/restart"),
        ("/doctor", "no program gains privileges"),
        ("/kernels", "RustPython"),
        ("/set", "seconds that a cell may take"),
        ("/history", "search ›"),
    ] {
        stage.enter(command);
        stage.wait_for_text(text);
        stage.type_keys(keys::ESC);
        stage.wait_for_prompt("py 1");
    }
    stage.enter("/help show");
    stage.wait_for_text("look at a picture");
    stage.enter("/hlep");
    stage.wait_for_text("did you mean /help?");
    stage.quit();
}

#[test]
fn settings_restart_clear_and_export() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("/set timeout soon");
    stage.wait_for_text("timeout takes a number of seconds");
    stage.enter("/set colour blue");
    stage.wait_for_text("there is no setting colour");
    stage.enter("x = 'to be exported'");
    stage.wait_for_prompt("py 2");
    stage.enter("x");
    stage.wait_for_prompt("py 3");
    stage.enter("/export session.txt");
    stage.wait_for_text("written to");
    let exported = std::fs::read_to_string(world.path("work/session.txt")).expect("exported");
    assert!(
        exported.contains("py 1 ❯ x = 'to be exported'"),
        "{exported}"
    );
    stage.enter("/export session.txt");
    stage.wait_for_text("choose another name");

    stage.enter("/clear");
    stage.wait_for("an empty screen", |screen| !screen.has("to be exported"));
    stage.wait_for_prompt("py 3");
    stage.enter("x");
    stage.wait_for_text("'to be exported'");
    stage.enter("/restart");
    stage.wait_for_prompt("py 1");
    stage.enter("x");
    stage.wait_for_text("NameError");
    stage.quit();
}

#[test]
fn copying_goes_through_the_terminal() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("print('to the clipboard')");
    stage.wait_for_prompt("py 2");
    stage.enter("/copy output");
    stage.wait_for_text("bytes sent");
    // `to the clipboard\n` in Base64.
    let sequence = "\x1b]52;c;dG8gdGhlIGNsaXBib2FyZAo=";
    assert!(stage.bytes().contains(sequence), "{:?}", stage.bytes());
    stage.quit();
}

#[test]
fn nothing_is_written_elsewhere() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("import json, random, datetime; print('imported')");
    stage.wait_for_prompt("py 2");
    stage.enter("/js 1 + 1");
    stage.wait_for_prompt("py 2");
    stage.quit();
    for empty in ["home", "work"] {
        assert_eq!(files(&world.path(empty)), Vec::<std::path::PathBuf>::new());
    }
    assert!(!files(&world.path("data")).is_empty());
}
