//! The kitty graphics protocol.
//!
//! viuer 0.11 speaks it too, but it asks the terminal again, without a time limit, whether it can
//! read files, waits for an answer on standard input after every picture that it hands over as a
//! file, and gives its pictures no ids by which to delete them. So it is written here: as PNG, with
//! ids, and with answers switched off (`q=2`).
//!
//! <https://sw.kovidgoyal.net/kitty/graphics-protocol/>

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::layout::Rect;

/// Erases every picture and frees its data.
pub(crate) const DELETE_ALL: &str = "\x1b_Ga=d,d=A,q=2\x1b\\";

/// The most base64 bytes in one escape sequence.
const CHUNK_BYTES: usize = 4096;

/// Sends a PNG and puts it over these cells; the caret ends up at their corner.
///
/// # Errors
/// If the terminal cannot be written to.
pub(super) fn put(out: &mut dyn Write, id: u32, png: &[u8], area: Rect) -> io::Result<()> {
    let (row, column) = (u32::from(area.y) + 1, u32::from(area.x) + 1);
    write!(out, "\x1b[{row};{column}H")?;
    let control = format!("i={id},p=1,c={},r={},C=1", area.width, area.height);
    send(out, &control, png)
}

/// Sends a PNG to where the caret is, in the flow of the text; the caret ends up in its last row.
///
/// # Errors
/// If the terminal cannot be written to.
pub(super) fn put_inline(
    out: &mut dyn Write,
    png: &[u8],
    (cols, rows): (u16, u16),
) -> io::Result<()> {
    send(out, &format!("c={cols},r={rows}"), png)
}

fn send(out: &mut dyn Write, control: &str, png: &[u8]) -> io::Result<()> {
    let encoded = STANDARD.encode(png);
    let mut chunks = encoded.as_bytes().chunks(CHUNK_BYTES).peekable();
    let mut control = Some(control);
    while let Some(chunk) = chunks.next() {
        let more = u8::from(chunks.peek().is_some());
        match control.take() {
            Some(control) => write!(out, "\x1b_Ga=T,f=100,t=d,{control},q=2,m={more};")?,
            None => write!(out, "\x1b_Gq=2,m={more};")?,
        }
        out.write_all(chunk)?;
        out.write_all(b"\x1b\\")?;
    }
    Ok(())
}

/// Erases one picture and frees its data.
///
/// # Errors
/// If the terminal cannot be written to.
pub(super) fn delete(out: &mut dyn Write, id: u32) -> io::Result<()> {
    write!(out, "\x1b_Ga=d,d=I,i={id},q=2\x1b\\")
}
