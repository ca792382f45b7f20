//! A part of a file, as text.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Access, FilesError, Folders, PIECE_BYTES, kind, open, size_bytes};
use crate::granted::shown;

/// Lines are counted to the end in files up to this size, in bytes.
const COUNTED_BYTES: u64 = 64 << 20;

/// Which part of which file.
pub(crate) struct ReadRequest<'a> {
    /// Where a relative path starts; absolute.
    pub from: &'a Path,
    /// The file.
    pub path: &'a str,
    /// Lines that are left out at the start.
    pub offset_lines: u64,
    /// Lines after them, at most.
    pub max_lines: u64,
    /// Bytes of text, at most.
    pub max_bytes: usize,
}

/// A file that was read.
#[derive(Debug, Serialize)]
pub(crate) struct FileRead {
    /// As it was asked for.
    pub path: String,
    /// All of it.
    pub size_bytes: u64,
    /// What is in it.
    #[serde(flatten)]
    pub contents: Contents,
}

/// What is in a file.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Contents {
    /// Lines.
    Text {
        /// They, with their ends.
        text: String,
        /// The number of the first, from 1.
        first_line: u64,
        /// The number of the last; one less than the first if there are none.
        last_line: u64,
        /// How many the file has, unless it is too long to count.
        total_lines: Option<u64>,
        /// Whether this is the whole file.
        is_whole: bool,
        /// Whether the last line goes on.
        is_last_line_cut: bool,
        /// Whether it was no UTF-8, and what is not is replaced by U+FFFD.
        is_lossy: bool,
        /// How its lines end.
        line_ending: LineEnding,
    },
    /// Something else.
    Binary {
        /// What its first bytes say: `image/png`.
        media_type: &'static str,
        /// The hash of all of it, in hexadecimal.
        sha256: String,
    },
}

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LineEnding {
    /// There is one line, or none.
    None,
    /// `\n`
    Lf,
    /// `\r\n`
    Crlf,
    /// Some so, some so.
    Mixed,
}

/// Reads a part of a file.
///
/// # Errors
/// If it is in no open folder, is no regular file, or can't be read.
pub(crate) fn read(
    folders: &Folders,
    request: &ReadRequest<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<FileRead, FilesError> {
    let path = shown(Path::new(request.path));
    let spot = folders.walk(request.from, request.path, Access::Read)?;
    let (file, stat) = open(&spot).map_err(|refusal| FilesError::refused(&*path, refusal))?;
    let mut pieces = Pieces {
        file,
        path: &path,
        is_cancelled,
    };
    let mut piece = vec![0; PIECE_BYTES];
    let first = pieces.next(&mut piece)?;
    let start = piece.get(..first).unwrap_or_default();
    let contents = match kind::binary(start) {
        Some(media_type) => {
            let mut hash = Sha256::new();
            let mut read = first;
            while read > 0 {
                hash.update(piece.get(..read).unwrap_or_default());
                read = pieces.next(&mut piece)?;
            }
            Contents::Binary {
                media_type,
                sha256: hex(&hash.finalize()),
            }
        }
        None => text(request, pieces, piece, first)?,
    };
    Ok(FileRead {
        path: request.path.to_owned(),
        size_bytes: size_bytes(&stat),
        contents,
    })
}

struct Pieces<'a> {
    file: File,
    path: &'a str,
    is_cancelled: &'a dyn Fn() -> bool,
}

impl Pieces<'_> {
    fn next(&mut self, piece: &mut [u8]) -> Result<usize, FilesError> {
        loop {
            if (self.is_cancelled)() {
                return Err(FilesError::Cancelled);
            }
            match self.file.read(piece) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result.map_err(|error| FilesError::io(self.path, &error)),
            }
        }
    }
}

fn text(
    request: &ReadRequest<'_>,
    mut pieces: Pieces<'_>,
    mut piece: Vec<u8>,
    first: usize,
) -> Result<Contents, FilesError> {
    let end = request.offset_lines.saturating_add(request.max_lines);
    let mut kept = Vec::new();
    let mut is_cut = false;
    let (mut ended, mut crlf) = (0_u64, 0_u64);
    let mut last = b'\n';
    let mut seen = 0_u64;
    let mut read = first;
    let is_counted = loop {
        if read == 0 {
            break true;
        }
        if seen >= COUNTED_BYTES && (ended >= end || is_cut) {
            break false;
        }
        seen += read as u64;
        for line in piece
            .get(..read)
            .unwrap_or_default()
            .split_inclusive(|&byte| byte == b'\n')
        {
            if ended >= request.offset_lines && ended < end && !is_cut {
                let room = request.max_bytes.saturating_sub(kept.len());
                is_cut = line.len() > room;
                kept.extend_from_slice(line.get(..room).unwrap_or(line));
            }
            if line.ends_with(b"\n") {
                let before = line.len().checked_sub(2).and_then(|at| line.get(at));
                crlf += u64::from(*before.unwrap_or(&last) == b'\r');
                ended += 1;
            }
            last = line.last().copied().unwrap_or(last);
        }
        read = pieces.next(&mut piece)?;
    };
    let total = ended + u64::from(last != b'\n');
    let mut is_last_line_cut = is_cut && !kept.ends_with(b"\n");
    if is_last_line_cut {
        // Whole lines are better to go on from; a line that is too long alone is cut in it.
        match kept.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => {
                kept.truncate(at + 1);
                is_last_line_cut = false;
            }
            None => {
                if let Err(error) = std::str::from_utf8(&kept)
                    && error.error_len().is_none()
                {
                    kept.truncate(error.valid_up_to());
                }
            }
        }
    }
    let lines = kept.split_inclusive(|&byte| byte == b'\n').count() as u64;
    let last_line = request.offset_lines.saturating_add(lines);
    let (text, is_lossy) = match String::from_utf8(kept) {
        Ok(text) => (text, false),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
    };
    Ok(Contents::Text {
        text,
        first_line: request.offset_lines.saturating_add(1),
        last_line,
        total_lines: is_counted.then_some(total),
        is_whole: is_counted && request.offset_lines == 0 && last_line == total && !is_cut,
        is_last_line_cut,
        is_lossy,
        line_ending: match (ended, crlf) {
            (0, _) => LineEnding::None,
            (_, 0) => LineEnding::Lf,
            (ended, crlf) if ended == crlf => LineEnding::Crlf,
            _ => LineEnding::Mixed,
        },
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
