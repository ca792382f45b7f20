//! The journal: one line a record, only ever appended to.
//!
//! A line is 16 hexadecimal digits (the first 64 bits of the BLAKE3 hash of the JSON), a space,
//! the JSON, and a line end. Bytes after the last line end are an append that was cut
//! off before it was acknowledged: readers skip them and the next append removes them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::record::Record;
use super::{MAX_RECORD_BYTES, StoreError};
use crate::atomic;

const CHECKSUM_LEN: usize = 16;

/// Where a journal ends, and what its last line is: tells whether another state of the journal
/// goes on from this one.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Mark {
    /// Where the last line begins, in bytes from the start of the file.
    pub line_start: u64,
    /// Where it ends: the whole length up to here.
    pub end: u64,
    /// Its checksum; empty if there is no line, or a damaged one.
    pub checksum: String,
}

/// An open journal. Whoever has one holds the lock of the store.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

/// A line that was read.
pub(super) struct Line {
    /// What it says; `None` if it is damaged or from a newer version.
    pub record: Option<Record>,
    /// Where it is.
    pub mark: Mark,
}

impl Journal {
    /// Opens the journal, and creates it if it is missing.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let existed = path.exists();
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(StoreError::io("open", path))?;
        if !existed {
            atomic::folder_of(path)
                .and_then(atomic::sync_folder)
                .map_err(StoreError::io("write", path))?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Opens a journal that is there, without the right to append.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(StoreError::io("read", path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Whether nothing was ever written.
    pub(super) fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.len()? == 0)
    }

    pub(super) fn len(&self) -> Result<u64, StoreError> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(StoreError::io("read", &self.path))?.len())
    }

    /// Whether this journal still has what it had at `mark`.
    pub(super) fn goes_on_from(&self, mark: &Mark) -> Result<bool, StoreError> {
        let has_line = || -> io::Result<bool> {
            let mut file = &self.file;
            let length = mark.end.saturating_sub(mark.line_start);
            file.seek(SeekFrom::Start(mark.line_start))?;
            let mut line = Vec::new();
            file.take(length).read_to_end(&mut line)?;
            let whole = line.len() as u64 == length && line.pop() == Some(b'\n');
            Ok(whole && json_of(&line).is_some() && line.starts_with(mark.checksum.as_bytes()))
        };
        if mark.checksum.is_empty() {
            return Ok(self.len()? >= mark.end);
        }
        has_line().map_err(StoreError::io("read", &self.path))
    }

    /// Reads the whole lines after `end`, oldest first.
    pub(super) fn read_after<E: From<StoreError>>(
        &self,
        end: u64,
        mut each: impl FnMut(Line) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(end))
            .map_err(StoreError::io("read", &self.path))?;
        let mut reader = BufReader::with_capacity(64 << 10, file);
        let (mut start, mut line) = (end, Vec::new());
        loop {
            line.clear();
            // A line that is longer than any that was ever written is damage: it is read, and
            // skipped, in pieces.
            let read = (&mut reader)
                .take((MAX_RECORD_BYTES + 64) as u64)
                .read_until(b'\n', &mut line)
                .map_err(StoreError::io("read", &self.path))?;
            let is_piece = read == MAX_RECORD_BYTES + 64;
            if line.last() != Some(&b'\n') && !is_piece {
                return Ok(());
            }
            line.pop();
            let json = json_of(&line);
            each(Line {
                record: json.and_then(Record::from_json),
                mark: Mark {
                    line_start: start,
                    end: start + read as u64,
                    checksum: json.map(checksum_of).unwrap_or_default(),
                },
            })?;
            start += read as u64;
        }
    }

    /// Adds a record's JSON after `end`, cutting off what is beyond, and puts it on disk.
    ///
    /// # Errors
    /// If it is not on disk; then the journal ends where it did.
    pub(super) fn append(&mut self, end: u64, json: &[u8]) -> Result<Mark, StoreError> {
        let checksum = checksum_of(json);
        let mut line = Vec::with_capacity(CHECKSUM_LEN + json.len() + 2);
        line.extend_from_slice(checksum.as_bytes());
        line.push(b' ');
        line.extend_from_slice(json);
        line.push(b'\n');
        let written = self.write_at_end(end, &line);
        if written.is_err() {
            // If this fails too, the next append cuts it off.
            let _ = self.file.set_len(end);
        }
        written.map_err(StoreError::io("write", &self.path))?;
        Ok(Mark {
            line_start: end,
            end: end + line.len() as u64,
            checksum,
        })
    }

    fn write_at_end(&mut self, end: u64, line: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.len() != end {
            self.file.set_len(end)?;
        }
        self.file.write_all(line)?;
        self.file.sync_data()
    }
}

/// The JSON of a line without its end, if its checksum is right.
fn json_of(line: &[u8]) -> Option<&[u8]> {
    let (checksum, rest) = line.split_at_checked(CHECKSUM_LEN)?;
    let json = rest.strip_prefix(b" ")?;
    (checksum_of(json).as_bytes() == checksum).then_some(json)
}

fn checksum_of(json: &[u8]) -> String {
    let mut hex = blake3::hash(json).to_hex().to_string();
    hex.truncate(CHECKSUM_LEN);
    hex
}
