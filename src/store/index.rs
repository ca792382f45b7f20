//! The index in sled: one tree, four kinds of keys.
//!
//! `h<id>` is a history entry, `s<session>` a [`Summary`], `e<session>\0<n>` the nth event of a
//! session, `p<time><session>\0<n>` the [`MadePicture`] that the nth event tells of, and `m` the
//! [`Meta`] that says how much of each there must be: sled may come back from damage with less than
//! it had, without a word.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sled::{Batch, Db};

use super::journal::Mark;
use super::record::{Record, decode, encode};
use super::{HistoryEntry, MadePicture, SessionSummary, StoreError};
use crate::atomic;
use crate::panics::contain;
use crate::protocol::{Event, SessionId};

const META_KEY: &[u8] = b"m";

/// Memory for sled's pages: the whole index of an ordinary history.
const CACHE_BYTES: u64 = 32 << 20;

/// An open index.
pub(super) struct Index {
    path: PathBuf,
    db: Db,
    meta: Meta,
    has_failed: bool,
}

/// An index that was opened.
pub(super) enum Opened {
    /// It was there.
    Known(Index),
    /// It was created.
    New(Index),
}

/// Why the index did not do what it should.
pub(super) enum Problem {
    /// It is damaged: a new one built from the journal helps.
    Damage(Damage),
    /// Another process has it.
    Locked,
    /// A new one would not help.
    Fatal(StoreError),
}

/// What is wrong with an index.
pub(super) struct Damage {
    /// For people.
    pub reason: String,
}

/// What must be in the index.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Meta {
    /// How far the journal is in the index.
    mark: Mark,
    /// The greatest id of a history entry.
    last_id: u64,
    /// How many history entries there are: less than `last_id` once journal lines were lost.
    entries: u64,
    /// How many sessions there are.
    sessions: u64,
    /// How many pictures there are.
    #[serde(default)]
    pictures: u64,
}

/// What must be in the index about a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Summary {
    #[serde(flatten)]
    summary: SessionSummary,
    /// How many events it has.
    events: u64,
}

impl Damage {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Fatal(error)
    }
}

impl From<Damage> for Problem {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

impl Index {
    /// Opens the index in a folder, and creates it if it is missing.
    pub(super) fn open(path: &Path) -> Result<Opened, Problem> {
        catch(|| Self::open_unguarded(path))
    }

    fn open_unguarded(path: &Path) -> Result<Opened, Problem> {
        // sled would create it for everybody's eyes.
        atomic::create_folder(path).map_err(|error| problem(path, error.into()))?;
        remove_unfinished_snapshots(path);
        let db = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            // Every append flushes; a thread that flushes between them would only keep the
            // files open for longer.
            .flush_every_ms(None)
            .open()
            .map_err(|error| problem(path, error))?;
        let meta = db.get(META_KEY).map_err(|error| problem(path, error))?;
        let path = path.to_owned();
        if let Some(bytes) = meta {
            let meta = read_value(&bytes)?;
            return Ok(Opened::Known(Self::of(path, db, meta)));
        }
        if !db.is_empty() {
            return Err(Damage::new("it does not say what is in it").into());
        }
        let mut index = Self::of(path, db, Meta::default());
        // An index without this key was never whole: it tells a new one from one that lost all.
        index.set_mark(Mark::default())?;
        Ok(Opened::New(index))
    }

    fn of(path: PathBuf, db: Db, meta: Meta) -> Self {
        Self {
            path,
            db,
            meta,
            has_failed: false,
        }
    }

    /// Whether a write failed. Then this process keeps sled's lock on the folder until it ends,
    /// and the folder has to be moved out of the way.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    pub(super) fn last_id(&self) -> u64 {
        self.meta.last_id
    }

    pub(super) fn mark(&self) -> &Mark {
        &self.meta.mark
    }

    /// Calls `read`; a panic of sled on damaged files is damage.
    pub(super) fn guard<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        catch(|| read(self))
    }

    pub(super) fn set_mark(&mut self, mark: Mark) -> Result<(), Problem> {
        self.add(&[(None, mark)])
    }

    /// Adds records and moves the mark on, all in one, and flushes.
    pub(super) fn add(&mut self, lines: &[(Option<Record>, Mark)]) -> Result<(), Problem> {
        let meta = catch(|| {
            let mut additions = Additions {
                index: self,
                batch: Batch::default(),
                meta: self.meta.clone(),
                summaries: BTreeMap::new(),
            };
            for (record, mark) in lines {
                match record {
                    Some(Record::History(entry)) => additions.add_entry(entry)?,
                    Some(Record::Events { session, events }) => {
                        additions.add_events(session, events)?;
                    }
                    None => {}
                }
                additions.meta.mark = mark.clone();
            }
            additions.finish()
        });
        if meta.is_err() {
            self.has_failed = true;
            // After a write that failed, sled 0.34.7 waits for ever, when it is dropped, for
            // somebody else to write the same buffer. So it is never dropped.
            std::mem::forget(self.db.clone());
        }
        self.meta = meta?;
        Ok(())
    }

    pub(super) fn history_since(&self, after: u64) -> Result<Vec<HistoryEntry>, Problem> {
        if after >= self.meta.last_id {
            return Ok(Vec::new());
        }
        let range = self.db.range(entry_key(after + 1)..=entry_key(u64::MAX));
        let entries: Vec<HistoryEntry> = self.values(range)?;
        let is_whole = entries.last().map(|entry| entry.id) == Some(self.meta.last_id)
            && (after > 0 || entries.len() as u64 == self.meta.entries);
        if is_whole {
            Ok(entries)
        } else {
            Err(Damage::new("history entries are missing").into())
        }
    }

    pub(super) fn replay(&self, session: &SessionId) -> Result<Vec<Event>, Problem> {
        let Some(summary) = self.summary(session)? else {
            return Ok(Vec::new());
        };
        let events: Vec<Event> = self.values(self.db.scan_prefix(events_prefix(session)))?;
        if events.len() as u64 == summary.events {
            Ok(events)
        } else {
            Err(Damage::new("events are missing").into())
        }
    }

    pub(super) fn sessions(&self) -> Result<Vec<SessionSummary>, Problem> {
        let summaries: Vec<Summary> = self.values(self.db.scan_prefix(b"s"))?;
        if summaries.len() as u64 != self.meta.sessions {
            return Err(Damage::new("sessions are missing").into());
        }
        let newest_first = summaries.into_iter().rev();
        Ok(newest_first.map(|summary| summary.summary).collect())
    }

    pub(super) fn pictures(&self) -> Result<Vec<MadePicture>, Problem> {
        let mut pictures: Vec<MadePicture> = self.values(self.db.scan_prefix(b"p"))?;
        if pictures.len() as u64 != self.meta.pictures {
            return Err(Damage::new("pictures are missing").into());
        }
        pictures.reverse();
        Ok(pictures)
    }

    /// Hands out everything as records, in an order in which they can be added again.
    pub(super) fn export(
        &self,
        mut each: impl FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), Problem> {
        for entry in self.history_since(0)? {
            each(Record::History(entry))?;
        }
        for session in self.sessions()?.into_iter().rev() {
            for event in self.replay(&session.id)? {
                each(Record::Events {
                    session: session.id.clone(),
                    events: vec![event],
                })?;
            }
        }
        Ok(())
    }

    fn summary(&self, session: &SessionId) -> Result<Option<Summary>, Problem> {
        let value = self.db.get(summary_key(session));
        let value = value.map_err(|error| problem(&self.path, error))?;
        value.map(|bytes| read_value(&bytes)).transpose()
    }

    fn values<T: DeserializeOwned>(&self, values: sled::Iter) -> Result<Vec<T>, Problem> {
        values
            .values()
            .map(|value| read_value(&value.map_err(|error| problem(&self.path, error))?))
            .collect()
    }
}

/// What goes into the index in one batch.
struct Additions<'a> {
    index: &'a Index,
    batch: Batch,
    meta: Meta,
    summaries: BTreeMap<SessionId, Summary>,
}

impl Additions<'_> {
    fn add_entry(&mut self, entry: &HistoryEntry) -> Result<(), Problem> {
        // Ids in a journal only rise, unless somebody put two journals together.
        let id = entry.id.max(self.meta.last_id + 1);
        let entry = HistoryEntry {
            id,
            ..entry.clone()
        };
        self.batch.insert(&entry_key(id), encode(&entry)?);
        self.meta.last_id = id;
        self.meta.entries += 1;
        Ok(())
    }

    fn add_events(&mut self, session: &SessionId, events: &[Event]) -> Result<(), Problem> {
        let known = match self.summaries.remove(session) {
            Some(summary) => Some(summary),
            None => self.index.summary(session)?,
        };
        let mut summary = known.unwrap_or_else(|| {
            self.meta.sessions += 1;
            Summary {
                summary: SessionSummary::new(session.clone(), events),
                events: 0,
            }
        });
        summary.summary.add(events);
        for event in events {
            let mut key = events_prefix(session);
            key.extend_from_slice(&summary.events.to_be_bytes());
            self.batch.insert(key, encode(event)?);
            if let Some(picture) = MadePicture::of(session, event) {
                let mut key = b"p".to_vec();
                key.extend_from_slice(&picture.at.0.to_be_bytes());
                key.extend_from_slice(session.0.as_bytes());
                key.push(0);
                key.extend_from_slice(&summary.events.to_be_bytes());
                self.batch.insert(key, encode(&picture)?);
                self.meta.pictures += 1;
            }
            summary.events += 1;
        }
        self.summaries.insert(session.clone(), summary);
        Ok(())
    }

    fn finish(mut self) -> Result<Meta, Problem> {
        for (session, summary) in &self.summaries {
            self.batch.insert(summary_key(session), encode(summary)?);
        }
        self.batch.insert(META_KEY, encode(&self.meta)?);
        let index = self.index;
        index
            .db
            .apply_batch(self.batch)
            .and_then(|()| index.db.flush())
            .map_err(|error| problem(&index.path, error))?;
        Ok(self.meta)
    }
}

/// sled 0.34.7 takes the snapshot that it was writing when it was killed for a finished one, and
/// then for corruption: it leaves out names that end in `.in___motion`, but gives them
/// `.generating`.
pub(super) fn remove_unfinished_snapshots(path: &Path) {
    let names = fs::read_dir(path).into_iter().flatten().flatten();
    for name in names {
        if name.file_name().to_string_lossy().ends_with(".generating") {
            // If it stays, sled calls it corruption, and that is dealt with.
            let _ = fs::remove_file(name.path());
        }
    }
}

fn entry_key(id: u64) -> [u8; 9] {
    let mut key = [b'h'; 9];
    key[1..].copy_from_slice(&id.to_be_bytes());
    key
}

fn summary_key(session: &SessionId) -> Vec<u8> {
    [b"s", session.0.as_bytes()].concat()
}

fn events_prefix(session: &SessionId) -> Vec<u8> {
    [b"e", session.0.as_bytes(), b"\0"].concat()
}

fn read_value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    decode(bytes).map_err(|reason| Damage { reason }.into())
}

fn catch<T>(work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    contain(work).unwrap_or_else(|message| {
        let first_line = message.lines().next().unwrap_or_default();
        Err(Damage::new(first_line).into())
    })
}

fn problem(path: &Path, error: sled::Error) -> Problem {
    use io::ErrorKind as Kind;
    let source = match error {
        sled::Error::Io(source) => source,
        sled::Error::Corruption { at: Some(at), .. } => {
            return Damage::new(format!("damaged at {at:?}")).into();
        }
        sled::Error::Corruption { at: None, .. } => return Damage::new("damaged").into(),
        other => return Damage::new(other.to_string()).into(),
    };
    // sled has no error of its own for this, and drops the system's.
    if source.to_string().contains("could not acquire lock") {
        return Problem::Locked;
    }
    let is_of_the_disk = matches!(
        source.kind(),
        Kind::PermissionDenied
            | Kind::ReadOnlyFilesystem
            | Kind::StorageFull
            | Kind::QuotaExceeded
            | Kind::OutOfMemory
    ) || matches!(source.raw_os_error(), Some(5 | 23 | 24)); // EIO, ENFILE, EMFILE
    if is_of_the_disk {
        Problem::Fatal(StoreError::io("use", path)(source))
    } else {
        Damage::new(source.to_string()).into()
    }
}
