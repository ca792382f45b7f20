//! What the kitty graphics protocol needs beyond viuer.
//!
//! viuer waits for an answer on standard input after each picture that it hands to a local kitty,
//! which would fight with the event reader, and gives its pictures no ids by which to delete them.
//! So the full-screen UI writes the protocol itself: compressed, with ids, and with answers
//! switched off (`q=2`).
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

/// Sends a PNG and puts it over these cells; the caret ends up anywhere.
///
/// # Errors
/// If the terminal cannot be written to.
pub(super) fn put(out: &mut dyn Write, id: u32, png: &[u8], area: Rect) -> io::Result<()> {
    let (row, column) = (u32::from(area.y) + 1, u32::from(area.x) + 1);
    write!(out, "\x1b[{row};{column}H")?;
    let encoded = STANDARD.encode(png);
    let mut chunks = encoded.as_bytes().chunks(CHUNK_BYTES).peekable();
    let mut first = true;
    while let Some(chunk) = chunks.next() {
        let more = u8::from(chunks.peek().is_some());
        if first {
            let (columns, rows) = (area.width, area.height);
            write!(
                out,
                "\x1b_Ga=T,f=100,t=d,i={id},p=1,c={columns},r={rows},C=1,q=2,m={more};"
            )?;
            first = false;
        } else {
            write!(out, "\x1b_Gq=2,m={more};")?;
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
