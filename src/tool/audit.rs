//! What was done: a log that is only appended to, each line with the hash of the one before.
//!
//! Beside the log lies its head: how many lines there were and the last one's hash, as of the last
//! seal. A call that is dangerous is sealed at once, before it runs and after; others within a
//! second of the last seal go on unsealed until the next, or until the log is closed.
//!
//! [`verify`](super::verification::verify) finds lines that were edited, removed, put in another order or cut off, up to the
//! last seal. It does not find that somebody who may write both files has written both anew: there
//! is no key here that they could not read.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock::Clock;
use crate::atomic;
use crate::protocol::{CallOrigin, Timestamp};

/// Of the lines; others are shown as they are.
const VERSION: u32 = 1;
/// No line is longer; what is, was not written here.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// Ordinary lines are sealed so often.
const SEAL_EVERY: Duration = Duration::from_secs(1);

/// Where in a call a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// It is about to run: written for dangerous calls.
    Begun,
    /// It is over, or did not run.
    Ended,
}

/// What a line says of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AuditEntry {
    /// The tool, as it was asked for.
    pub tool: String,
    /// Who called.
    pub origin: CallOrigin,
    /// Begun or over.
    pub phase: Phase,
    /// The arguments, without secrets and shortened.
    pub arguments: Value,
    /// The rule that decided, if it came so far.
    pub rule: Option<String>,
    /// `done`, `cached`, `pending`, or the kind of the error.
    pub outcome: String,
    /// What the error said, without secrets and shortened.
    pub message: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AuditRecord {
    /// Of the line's form.
    pub version: u32,
    /// From 1, without gaps.
    pub number: u64,
    /// The hash of the line before.
    pub prev_hash: String,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub entry: AuditEntry,
}

/// How sure a line has to be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// In a second or so.
    Soon,
    /// When the append returns.
    Now,
}

/// The state of the log as of a seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    version: u32,
    /// Lines.
    pub(super) count: u64,
    /// The hash of the last one.
    pub(super) last_hash: String,
    /// Where it ends, in bytes.
    end: u64,
}

impl Head {
    pub(super) fn empty() -> Self {
        Self {
            version: VERSION,
            count: 0,
            last_hash: "0".repeat(64),
            end: 0,
        }
    }
}

/// An open log. Any number of processes may append to one.
pub(crate) struct AuditLog {
    path: PathBuf,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    file: File,
    head: Head,
    sealed: u64,
    sealed_at: Option<Duration>,
}

impl AuditLog {
    /// Opens a log, and begins it if it is not there. The beginning of a line that a crash cut
    /// off is removed.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path, clock: Clock) -> io::Result<Self> {
        atomic::create_folder(atomic::folder_of(path)?)?;
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        let is_new = file.metadata()?.len() == 0;
        // A head that is lost or damaged is for `verify` to tell: the lines go on as they are.
        let head = read_head(path)?.ok().flatten().unwrap_or_else(Head::empty);
        let (sealed, sealed_at) = (head.count, None);
        let mut state = State {
            file,
            head,
            sealed,
            sealed_at,
        };
        state.file.lock()?;
        let opened = state.catch_up().and_then(|()| {
            if is_new && state.head.count == 0 {
                state.seal(path)
            } else {
                Ok(())
            }
        });
        let unlocked = state.file.unlock();
        opened.and(unlocked)?;
        Ok(Self {
            path: path.to_owned(),
            clock,
            state: Mutex::new(state),
        })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// If it is not written, or not as durable as it should be.
    pub fn append(&self, entry: AuditEntry, durability: Durability) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.file.lock()?;
        let now = self.clock.elapsed();
        let written = state.catch_up().and_then(|()| {
            state.write(entry, self.clock.now())?;
            let is_due = state
                .sealed_at
                .is_none_or(|at| now.saturating_sub(at) >= SEAL_EVERY);
            if durability == Durability::Now || is_due {
                state.seal(&self.path)?;
                state.sealed_at = Some(now);
            }
            Ok(())
        });
        let unlocked = state.file.unlock();
        written.and(unlocked)
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.sealed < state.head.count && state.file.lock().is_ok() {
            // Best effort: what is not sealed is still there.
            let _ = state.catch_up().and_then(|()| state.seal(&self.path));
            let _ = state.file.unlock();
        }
    }
}

impl State {
    /// Takes in what other processes have appended, and cuts off what a crash left.
    fn catch_up(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length <= self.head.end {
            // Shorter than it was: the numbers go on, so that the gap stays to be seen.
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.head.end))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        while read_line(&mut reader, &mut line)? == Line::Whole {
            self.head.count += 1;
            self.head.end = reader.stream_position()?;
            self.head.last_hash = hash(&line);
        }
        if self.head.end < length {
            self.file.set_len(self.head.end)?;
        }
        Ok(())
    }

    fn write(&mut self, entry: AuditEntry, at: Timestamp) -> io::Result<()> {
        let mut record = AuditRecord {
            version: VERSION,
            number: self.head.count + 1,
            prev_hash: self.head.last_hash.clone(),
            at,
            entry,
        };
        let mut line = serde_json::to_vec(&record)?;
        if line.len() as u64 >= MAX_LINE_BYTES {
            // Nobody could read it again, nor the lines behind it.
            record.entry.arguments = Value::String("…".to_owned());
            record.entry.rule = None;
            line = serde_json::to_vec(&record)?;
        }
        let last_hash = hash(&line);
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.head = Head {
            version: VERSION,
            count: record.number,
            last_hash,
            end: self.file.metadata()?.len(),
        };
        Ok(())
    }

    /// Puts the lines on disk, then the head: a head is never ahead of its lines.
    fn seal(&mut self, path: &Path) -> io::Result<()> {
        self.file.sync_data()?;
        atomic::write(&head_path(path), &serde_json::to_vec(&self.head)?)?;
        self.sealed = self.head.count;
        Ok(())
    }
}

#[derive(PartialEq, Eq)]
pub(super) enum Line {
    Whole,
    /// Without an end.
    Torn,
    End,
}

/// Reads a line, without its end.
pub(super) fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    if reader.take(MAX_LINE_BYTES).read_until(b'\n', line)? == 0 {
        return Ok(Line::End);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Line::Whole);
    }
    // Longer than any: damage, read in pieces.
    let is_piece = line.len() as u64 == MAX_LINE_BYTES;
    Ok(if is_piece { Line::Whole } else { Line::Torn })
}

pub(super) fn hash(line: &[u8]) -> String {
    blake3::hash(line).to_hex().to_string()
}

fn head_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".head");
    PathBuf::from(name)
}

/// The head, if there is one; within, an error if it is damaged.
pub(super) fn read_head(path: &Path) -> io::Result<Result<Option<Head>, serde_json::Error>> {
    match std::fs::read(head_path(path)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).map(Some)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ok(None)),
        Err(error) => Err(error),
    }
}
