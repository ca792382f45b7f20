//! PyTorch checkpoints (.ckpt, .pt, .bin): which tensors they name, without executing their pickle.
//!
//! A checkpoint is a zip archive whose first entry is `…/data.pkl`. The strings of a pickle stand
//! in it as they are, behind their length, so the names are found by searching. Shapes would need
//! the pickle's machine: they are not read.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::error::ModelError;

/// `data.pkl` of SDXL has 700 KiB.
const MAX_PICKLE_BYTES: u64 = 4 << 20;
const MAX_NAMES: usize = 20_000;
/// The end record of a zip archive, with the longest comment.
const END_BYTES: u64 = 22 + 65_535;
const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const END_RECORD: &[u8] = b"PK\x05\x06";
/// Opcodes of a pickle: a string behind a length of four bytes, and of one.
const BINUNICODE: u8 = b'X';
const SHORT_BINUNICODE: u8 = 0x8c;

/// The names of the tensors, as far as they can be seen; none for the form before PyTorch 1.6.
///
/// # Errors
/// If the file cannot be read, is no checkpoint, or its archive has no end: it was cut short.
pub(super) fn read_names(path: &Path) -> Result<Vec<String>, ModelError> {
    let mut file = File::open(path).map_err(ModelError::io("read", path))?;
    let size_bytes = file.metadata().map_err(ModelError::io("read", path))?.len();
    let mut start = Vec::new();
    file.by_ref()
        .take(MAX_PICKLE_BYTES)
        .read_to_end(&mut start)
        .map_err(ModelError::io("read", path))?;
    if !start.starts_with(LOCAL_HEADER) {
        // Protocol 2 and its PROTO opcode: a plain pickle.
        return if start.starts_with(b"\x80\x02") {
            Ok(Vec::new())
        } else {
            Err(ModelError::malformed(path, "not a PyTorch checkpoint"))
        };
    }
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(size_bytes.saturating_sub(END_BYTES)))
        .and_then(|_| file.take(END_BYTES).read_to_end(&mut end))
        .map_err(ModelError::io("read", path))?;
    if find(&end, END_RECORD).is_none() {
        return Err(ModelError::malformed(
            path,
            "cut short: the end of its archive is missing",
        ));
    }
    let Some(pickle) = first_entry(&start) else {
        return Err(ModelError::malformed(
            path,
            "an archive, but not one of PyTorch: data.pkl is not its first entry",
        ));
    };
    Ok(names(pickle))
}

/// The data of the archive's first entry, if that is the pickle and stored as it is.
fn first_entry(archive: &[u8]) -> Option<&[u8]> {
    let u16_at = |at: usize| {
        let bytes = archive.get(at..at + 2)?;
        Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
    };
    let (method, name_bytes, extra_bytes) = (u16_at(8)?, u16_at(26)?, u16_at(28)?);
    let name = archive.get(30..30 + name_bytes)?;
    if method != 0 || !name.ends_with(b"data.pkl") {
        return None;
    }
    let data = archive.get(30 + name_bytes + extra_bytes..)?;
    // The length may stand behind the data only, so the next record tells where they end.
    let ends = [DESCRIPTOR, LOCAL_HEADER]
        .into_iter()
        .filter_map(|mark| find(data, mark));
    let end = ends.min().unwrap_or(data.len());
    data.get(..end)
}

fn names(pickle: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for (at, &opcode) in pickle.iter().enumerate() {
        let (length, from) = match opcode {
            BINUNICODE => {
                let Some(bytes) = pickle.get(at + 1..at + 5) else {
                    break;
                };
                let bytes: [u8; 4] = bytes.try_into().unwrap_or_default();
                (u32::from_le_bytes(bytes) as usize, at + 5)
            }
            SHORT_BINUNICODE => {
                let Some(&length) = pickle.get(at + 1) else {
                    break;
                };
                (usize::from(length), at + 2)
            }
            _ => continue,
        };
        if !(3..=512).contains(&length) {
            continue;
        }
        let text = pickle
            .get(from..from + length)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .filter(|text| text.contains('.') && text.chars().all(|c| c.is_ascii_graphic()));
        if let Some(text) = text {
            names.push(text.to_owned());
            if names.len() == MAX_NAMES {
                break;
            }
        }
    }
    names
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}
