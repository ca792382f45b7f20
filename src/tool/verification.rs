//! Whether an audit log is what was written.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::audit::{AuditRecord, Head, Line, hash, read_head, read_line};

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Tampering {
    /// A line is none of ours.
    #[error("line {line} can't be read")]
    Unreadable {
        /// From 1.
        line: u64,
    },
    /// A line is not what it was.
    #[error("line {line} was edited: the next one, or the head, has another hash of it")]
    Edited {
        /// From 1.
        line: u64,
    },
    /// Lines are missing before this one.
    #[error("before line {line}, {missing} lines were removed")]
    Removed {
        /// From 1, as the file is now.
        line: u64,
        /// How many.
        missing: u64,
    },
    /// A line stands behind one that was written after it.
    #[error("line {line} is not in its place")]
    Reordered {
        /// From 1, as the file is now.
        line: u64,
    },
    /// Lines are missing at the end.
    #[error("{missing} lines were cut off at the end")]
    Truncated {
        /// How many.
        missing: u64,
    },
    /// There is no head, or none that can be read.
    #[error("the head file is missing or damaged: lines may have been cut off at the end")]
    Head,
}

/// What [`verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verification {
    /// Lines.
    pub lines: u64,
    /// Lines at the end that are not sealed yet: they chain, but could be cut off unseen.
    pub unsealed: u64,
    /// Bytes after the last line: the beginning of one, cut off by a crash. No tampering.
    pub torn_bytes: u64,
    /// What is wrong.
    pub tampering: Vec<Tampering>,
}

/// Checks a log against itself and its head. Changes nothing.
///
/// # Errors
/// If it can't be read.
pub(crate) fn verify(path: &Path) -> io::Result<Verification> {
    // The head first: what is appended and sealed meanwhile does not look cut off, then.
    let head = read_head(path)?;
    let file: Box<dyn Read> = match File::open(path) {
        Ok(file) => {
            let length = file.metadata()?.len();
            Box::new(file.take(length))
        }
        // None was begun, or it was taken away: the head tells.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Box::new(io::empty()),
        Err(error) => return Err(error),
    };
    let mut found = Verification::default();
    let mut reader = BufReader::new(file);
    let (mut line, mut before) = (Vec::new(), Head::empty());
    let mut sealed_hash = None;
    loop {
        match read_line(&mut reader, &mut line)? {
            Line::Whole => {}
            Line::Torn => {
                found.torn_bytes = line.len() as u64;
                break;
            }
            Line::End => break,
        }
        found.lines += 1;
        let at = found.lines;
        let Ok(record) = serde_json::from_slice::<AuditRecord>(&line) else {
            found.tampering.push(Tampering::Unreadable { line: at });
            before.count += 1;
            before.last_hash = hash(&line);
            continue;
        };
        let expected = before.count + 1;
        if record.number > expected {
            let missing = record.number - expected;
            found
                .tampering
                .push(Tampering::Removed { line: at, missing });
        } else if record.number < expected {
            found.tampering.push(Tampering::Reordered { line: at });
        } else if record.prev_hash != before.last_hash {
            let line = at.saturating_sub(1).max(1);
            found.tampering.push(Tampering::Edited { line });
        }
        before.count = record.number;
        before.last_hash = hash(&line);
        if let Ok(Some(head)) = &head
            && record.number == head.count
        {
            sealed_hash = Some((at, before.last_hash.clone()));
        }
    }
    match head {
        Ok(Some(head)) => {
            found.unsealed = before.count.saturating_sub(head.count);
            match sealed_hash {
                Some((line, hash)) if hash != head.last_hash => {
                    found.tampering.push(Tampering::Edited { line });
                }
                None if before.count < head.count => {
                    let missing = head.count - before.count;
                    found.tampering.push(Tampering::Truncated { missing });
                }
                _ => {}
            }
        }
        Ok(None) if found.lines == 0 => {}
        Ok(None) | Err(_) => found.tampering.push(Tampering::Head),
    }
    Ok(found)
}

/// The lines of a log, oldest first; those that can't be read are left out.
///
/// # Errors
/// If the file can't be read.
pub(crate) fn records(path: &Path) -> io::Result<Vec<AuditRecord>> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut line, mut records) = (Vec::new(), Vec::new());
    while read_line(&mut reader, &mut line)? == Line::Whole {
        records.extend(serde_json::from_slice(&line).ok());
    }
    Ok(records)
}
