//! The store in sled: an index over the journal.
//!
//! sled lets one process in at a time, so that every instance takes a lock file, opens, works,
//! flushes and closes; others wait. An append goes to the journal first, then to the index in
//! one batch that also moves the index's [`Mark`] on. After a crash between the two the journal
//! is ahead, and the next to open adds what is missing. An index that can't be read is moved
//! aside and rebuilt from the journal; a journal that does not go on from the mark is moved
//! aside and rewritten from the index.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::index::{Damage, Index, Opened, Problem};
use super::journal::Journal;
use super::record::Record;
use super::{
    Blobs, HistoryEntry, MAX_SOURCE_BYTES, NewHistoryEntry, SessionSummary, Store, StoreError,
    StoreWarning,
};
use crate::atomic;
use crate::protocol::{Event, SessionId};

/// How long to wait for other instances.
const PATIENCE: Duration = Duration::from_secs(5);

/// The store in a data folder.
pub(super) struct SledStore {
    paths: Paths,
    blobs: Blobs,
    state: Mutex<State>,
}

struct Paths {
    folder: PathBuf,
    lock: PathBuf,
    journal: PathBuf,
    index: PathBuf,
}

#[derive(Default)]
struct State {
    warnings: Vec<StoreWarning>,
    /// A second rebuild in one run would not help either, and would fill the disk with copies.
    has_rebuilt: bool,
}

/// What is open while the lock is held. Dropped from top to bottom: the lock goes last.
struct Session {
    index: Index,
    journal: Journal,
    _lock: File,
}

impl SledStore {
    pub(super) fn new(data_folder: &Path) -> Self {
        Self {
            paths: Paths {
                folder: data_folder.to_owned(),
                lock: data_folder.join("history-v1.lock"),
                journal: data_folder.join("history-v1.journal"),
                index: data_folder.join("history-v1.sled"),
            },
            blobs: Blobs::new(data_folder),
            state: Mutex::default(),
        }
    }

    /// Opens, reads and closes; `T::default()` if nothing was ever written.
    fn read<T: Default>(
        &self,
        read: impl Fn(&Index) -> Result<T, Problem>,
    ) -> Result<T, StoreError> {
        if !self.paths.journal.exists() && !self.paths.index.exists() {
            return Ok(T::default());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut session = self.start(&mut state)?;
        match session.index.guard(&read) {
            Err(Problem::Damage(damage)) => {
                session = self.rebuild(&mut state, session, damage)?;
                let read = session.index.guard(&read);
                read.map_err(|problem| self.hopeless(problem))
            }
            other => other.map_err(|problem| self.hopeless(problem)),
        }
    }

    /// Opens, appends what `make` says from the greatest id so far, and closes.
    fn append<T>(&self, make: impl FnOnce(u64) -> (T, Record)) -> Result<T, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut session = self.start(&mut state)?;
        let (made, record) = make(session.index.last_id());
        let mark = session.journal.append(session.index.mark().end, &record)?;
        // From here on the record is safe: a failure of the index is repaired, or told, but is
        // no failure of the append.
        match session.index.add(&[(Some(record), mark)]) {
            Ok(()) => {}
            Err(Problem::Damage(damage)) => {
                if let Err(error) = self.rebuild(&mut state, session, damage) {
                    let reason = error.to_string();
                    state.warnings.push(StoreWarning::IndexBehind { reason });
                }
            }
            Err(problem) => {
                let reason = self.hopeless(problem).to_string();
                state.warnings.push(StoreWarning::IndexBehind { reason });
            }
        }
        Ok(made)
    }

    /// Takes the lock, opens both copies and makes them agree.
    fn start(&self, state: &mut State) -> Result<Session, StoreError> {
        let deadline = Instant::now() + PATIENCE;
        atomic::create_folder(&self.paths.folder)
            .map_err(StoreError::io("create", &self.paths.folder))?;
        let lock = self.lock(deadline)?;
        let journal = Journal::open(&self.paths.journal)?;
        match self.open_index(deadline)? {
            Ok(Opened::Known(index)) => self.catch_up(state, index, journal, lock),
            Ok(Opened::New(index)) if journal.is_empty()? => Ok(Session {
                index,
                journal,
                _lock: lock,
            }),
            Ok(Opened::New(index)) => {
                let damage = Damage::new("it was gone");
                self.fill(state, index, journal, lock, damage, None)
            }
            Err(damage) => self.replace(state, journal, lock, damage),
        }
    }

    fn lock(&self, deadline: Instant) -> Result<File, StoreError> {
        let path = &self.paths.lock;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(StoreError::io("open", path))?;
        let mut pause = Pause::default();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => pause.until(deadline, path)?,
                Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", path)(error)),
            }
        }
    }

    /// sled lets go of its files a little after it was dropped, so that even under our own lock
    /// it may have to be waited for.
    fn open_index(&self, deadline: Instant) -> Result<Result<Opened, Damage>, StoreError> {
        let mut pause = Pause::default();
        loop {
            match Index::open(&self.paths.index) {
                Ok(opened) => return Ok(Ok(opened)),
                Err(Problem::Locked) => pause.until(deadline, &self.paths.index)?,
                Err(Problem::Damage(damage)) => return Ok(Err(damage)),
                Err(Problem::Fatal(error)) => return Err(error),
            }
        }
    }

    fn catch_up(
        &self,
        state: &mut State,
        mut index: Index,
        journal: Journal,
        lock: File,
    ) -> Result<Session, StoreError> {
        if !journal.goes_on_from(index.mark())? {
            return self.rewrite_journal(state, index, journal, lock);
        }
        match copy(&journal, &mut index) {
            Ok(copied) => {
                // A crash leaves the index one record behind. More is news.
                if copied.records > 1 {
                    let records = copied.records;
                    state.warnings.push(StoreWarning::CaughtUp { records });
                }
                self.tell_skipped(state, copied.skipped);
                Ok(Session {
                    index,
                    journal,
                    _lock: lock,
                })
            }
            Err(Problem::Damage(damage)) => {
                drop(index);
                self.replace(state, journal, lock, damage)
            }
            Err(problem) => Err(self.hopeless(problem)),
        }
    }

    fn rebuild(
        &self,
        state: &mut State,
        session: Session,
        damage: Damage,
    ) -> Result<Session, StoreError> {
        let Session {
            index,
            journal,
            _lock: lock,
        } = session;
        drop(index);
        self.replace(state, journal, lock, damage)
    }

    /// Moves a damaged index aside and builds a new one from the journal.
    fn replace(
        &self,
        state: &mut State,
        journal: Journal,
        lock: File,
        damage: Damage,
    ) -> Result<Session, StoreError> {
        if state.has_rebuilt {
            return Err(self.hopeless(Problem::Damage(damage)));
        }
        state.has_rebuilt = true;
        let moved_to = move_aside(&self.paths.index)?;
        match self.open_index(Instant::now() + PATIENCE)? {
            Ok(Opened::Known(index) | Opened::New(index)) => {
                self.fill(state, index, journal, lock, damage, moved_to)
            }
            Err(damage) => Err(self.hopeless(Problem::Damage(damage))),
        }
    }

    fn fill(
        &self,
        state: &mut State,
        mut index: Index,
        journal: Journal,
        lock: File,
        damage: Damage,
        moved_to: Option<PathBuf>,
    ) -> Result<Session, StoreError> {
        let copied = copy(&journal, &mut index).map_err(|problem| self.hopeless(problem))?;
        state.warnings.push(StoreWarning::Rebuilt {
            reason: damage.reason,
            moved_to,
            records: copied.records,
        });
        self.tell_skipped(state, copied.skipped);
        Ok(Session {
            index,
            journal,
            _lock: lock,
        })
    }

    /// Moves a journal aside that is not the one the index was made from, and writes a new one
    /// from the index.
    fn rewrite_journal(
        &self,
        state: &mut State,
        mut index: Index,
        journal: Journal,
        lock: File,
    ) -> Result<Session, StoreError> {
        let path = &self.paths.journal;
        let moved_to = if journal.is_empty()? {
            None
        } else {
            move_aside(path)?
        };
        drop(journal);
        // Written under another name first: a crash in between must not leave half a journal
        // that looks whole.
        let unfinished = path.with_extension("unfinished");
        remove_if_there(&unfinished)?;
        let mut journal = Journal::open(&unfinished)?;
        let mut mark = super::journal::Mark::default();
        let mut records = 0;
        let export = index.guard(|index| {
            index.export(|record| {
                mark = journal.append(mark.end, &record)?;
                records += 1;
                Ok(())
            })
        });
        export.map_err(|problem| self.hopeless(problem))?;
        fs::rename(&unfinished, path)
            .and_then(|()| atomic::sync_folder(&self.paths.folder))
            .map_err(StoreError::io("write", path))?;
        index
            .set_mark(mark)
            .map_err(|problem| self.hopeless(problem))?;
        state
            .warnings
            .push(StoreWarning::JournalRewritten { moved_to, records });
        Ok(Session {
            index,
            journal: Journal::open(path)?,
            _lock: lock,
        })
    }

    fn tell_skipped(&self, state: &mut State, lines: u64) {
        if lines > 0 {
            let path = self.paths.journal.clone();
            state
                .warnings
                .push(StoreWarning::LinesSkipped { path, lines });
        }
    }

    /// The error of a problem that nothing more can be done about.
    fn hopeless(&self, problem: Problem) -> StoreError {
        let path = self.paths.index.clone();
        match problem {
            Problem::Fatal(error) => error,
            Problem::Damage(Damage { reason }) => StoreError::Index { path, reason },
            Problem::Locked => StoreError::Busy {
                path,
                waited: PATIENCE,
            },
        }
    }
}

impl Store for SledStore {
    fn append_history(&self, entry: NewHistoryEntry) -> Result<HistoryEntry, StoreError> {
        if entry.source.len() > MAX_SOURCE_BYTES {
            return Err(StoreError::TooLarge {
                what: "a source",
                size_bytes: entry.source.len(),
                limit_bytes: MAX_SOURCE_BYTES,
            });
        }
        self.append(|last_id| {
            let entry = HistoryEntry {
                id: last_id + 1,
                session: entry.session,
                at: entry.at,
                language: entry.language,
                source: entry.source,
                kind: entry.kind,
            };
            (entry.clone(), Record::History(entry))
        })
    }

    fn history_since(&self, after: u64) -> Result<Vec<HistoryEntry>, StoreError> {
        self.read(|index| index.history_since(after))
    }

    fn append_events(&self, session: &SessionId, events: &[Event]) -> Result<(), StoreError> {
        let durable = events.iter().filter(|event| event.is_durable());
        let events: Vec<_> = durable.cloned().collect();
        if events.is_empty() {
            return Ok(());
        }
        let session = session.clone();
        self.append(|_| ((), Record::Events { session, events }))
    }

    fn replay(&self, session: &SessionId) -> Result<Vec<Event>, StoreError> {
        self.read(|index| index.replay(session))
    }

    fn sessions(&self) -> Result<Vec<SessionSummary>, StoreError> {
        self.read(Index::sessions)
    }

    fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    fn take_warnings(&self) -> Vec<StoreWarning> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.warnings)
    }
}

#[derive(Default)]
struct Copied {
    records: u64,
    skipped: u64,
}

/// Adds what the journal has beyond the index, in batches of bounded size.
fn copy(journal: &Journal, index: &mut Index) -> Result<Copied, Problem> {
    const BATCH_BYTES: u64 = 1 << 20;
    let mut copied = Copied::default();
    let mut batch = Vec::new();
    let mut batch_start = index.mark().end;
    journal.read_after(batch_start, |line| {
        match line.record {
            Some(_) => copied.records += 1,
            None => copied.skipped += 1,
        }
        let end = line.mark.end;
        batch.push((line.record, line.mark));
        if end - batch_start > BATCH_BYTES {
            batch_start = end;
            index.add(&std::mem::take(&mut batch))?;
        }
        Ok::<_, Problem>(())
    })?;
    if !batch.is_empty() {
        index.add(&batch)?;
    }
    Ok(copied)
}

/// Renames a damaged file or folder, so that it can be looked at; `None` if there is none.
fn move_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".damaged-{now}"));
    let mut target = PathBuf::from(&name);
    let mut n = 1;
    while fs::symlink_metadata(&target).is_ok() {
        n += 1;
        let mut numbered = name.clone();
        numbered.push(format!("-{n}"));
        target = PathBuf::from(numbered);
    }
    fs::rename(path, &target).map_err(StoreError::io("move aside", path))?;
    Ok(Some(target))
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("delete", path)(error))
        }
        _ => Ok(()),
    }
}

/// Waits that grow from 1 ms to 20 ms.
#[derive(Default)]
struct Pause {
    waits: u32,
}

impl Pause {
    fn until(&mut self, deadline: Instant, path: &Path) -> Result<(), StoreError> {
        if Instant::now() >= deadline {
            return Err(StoreError::Busy {
                path: path.to_owned(),
                waited: PATIENCE,
            });
        }
        self.waits += 1;
        thread::sleep(Duration::from_millis(u64::from(self.waits.min(20))));
        Ok(())
    }
}
