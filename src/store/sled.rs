//! The store in sled: an index over the journal.
//!
//! sled lets one process in at a time, so that every instance takes a lock file, opens, works,
//! flushes and closes; others wait. An append goes to the journal first, then to the index in
//! one batch that also moves the index's [`Mark`] on. After a crash between the two the journal
//! is ahead, and the next to open adds what is missing. An index that can't be read is moved
//! aside and rebuilt from the journal; a journal that does not go on from the mark is moved
//! aside and rewritten from the index.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::index::{Damage, Index, Opened, Problem};
use super::journal::Journal;
use super::record::Record;
use super::repair::{copy, move_aside, remove_if_there};
use super::view::View;
use super::{
    Blobs, HistoryEntry, MAX_SOURCE_BYTES, NewHistoryEntry, SessionSummary, Store, StoreError,
    StoreWarning,
};
use crate::atomic;
use crate::protocol::{Event, SessionId};

/// How long an append waits for other instances.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a read waits for them: there is another way to read.
const READER_PATIENCE: Duration = Duration::from_secs(1);

/// How much of the disk has to be free for sled to be let near it.
const ROOM_BYTES: u64 = 16 << 20;

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

impl Session {
    /// Lets go of everything. sled panics if the last sync fails; what was acknowledged is in
    /// the journal.
    fn close(self) {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self)));
    }
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

    /// Reads from the index, or from the journal if that is all there is to be had.
    fn read<T: Default>(
        &self,
        from_index: impl Fn(&Index) -> Result<T, Problem>,
        from_journal: impl FnOnce(View) -> T,
    ) -> Result<T, StoreError> {
        if !self.paths.journal.exists() && !self.paths.index.exists() {
            return Ok(T::default());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_index(&mut state, from_index).or_else(|error| {
            let Ok(view) = View::read(&self.paths.journal) else {
                return Err(error);
            };
            let reason = error.in_full();
            state
                .warnings
                .push(StoreWarning::ReadFromJournal { reason });
            Ok(from_journal(view))
        })
    }

    fn read_index<T>(
        &self,
        state: &mut State,
        read: impl Fn(&Index) -> Result<T, Problem>,
    ) -> Result<T, StoreError> {
        let mut session = self.start(state, READER_PATIENCE)?;
        let mut result = session.index.guard(&read);
        if let Err(Problem::Damage(damage)) = result {
            session = self.rebuild(state, session, damage)?;
            result = session.index.guard(&read);
        }
        session.close();
        result.map_err(|problem| self.hopeless(problem))
    }

    /// Opens, appends what `make` says from the greatest id so far, and closes.
    fn append<T>(&self, make: impl FnOnce(u64) -> (T, Record)) -> Result<T, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut session = self.start(&mut state, PATIENCE)?;
        let (made, record) = make(session.index.last_id());
        let json = record.to_json()?;
        self.need_room(json.len() as u64)?;
        let mark = session.journal.append(session.index.mark().end, &json)?;
        // From here on the record is safe: a failure of the index is repaired, or told, but is
        // no failure of the append.
        let session = match session.index.add(&[(Some(record), mark)]) {
            Ok(()) => Ok(session),
            Err(Problem::Damage(damage)) => self.rebuild(&mut state, session, damage),
            Err(problem) => Err(self.give_up(&session.index, problem)),
        };
        match session {
            Ok(session) => session.close(),
            Err(error) => {
                let reason = error.in_full();
                state.warnings.push(StoreWarning::IndexBehind { reason });
            }
        }
        Ok(made)
    }

    /// Takes the lock, opens both copies and makes them agree.
    fn start(&self, state: &mut State, patience: Duration) -> Result<Session, StoreError> {
        let mut pause = Pause::new(patience);
        atomic::create_folder(&self.paths.folder)
            .map_err(StoreError::io("create", &self.paths.folder))?;
        self.need_room(0)?;
        let lock = self.lock(&mut pause)?;
        let journal = Journal::open(&self.paths.journal)?;
        match self.open_index(&mut pause)? {
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

    fn lock(&self, pause: &mut Pause) -> Result<File, StoreError> {
        let path = &self.paths.lock;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(StoreError::io("open", path))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => pause.wait(path)?,
                Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", path)(error)),
            }
        }
    }

    /// sled lets go of its files a little after it was dropped, so that even under our own lock
    /// it may have to be waited for.
    fn open_index(&self, pause: &mut Pause) -> Result<Result<Opened, Damage>, StoreError> {
        loop {
            match Index::open(&self.paths.index) {
                Ok(opened) => return Ok(Ok(opened)),
                Err(Problem::Locked) => pause.wait(&self.paths.index)?,
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
        self.need_room(journal.len()?.saturating_sub(index.mark().end))?;
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
            Err(problem) => Err(self.give_up(&index, problem)),
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
        match self.open_index(&mut Pause::new(PATIENCE))? {
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
        self.need_room(journal.len()?)?;
        let copied = match copy(&journal, &mut index) {
            Ok(copied) => copied,
            Err(problem) => return Err(self.give_up(&index, problem)),
        };
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
                mark = journal.append(mark.end, &record.to_json()?)?;
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

    /// Refuses to begin what sled may not survive: a write that fails for want of room leaves it
    /// with locks that it never lets go.
    fn need_room(&self, for_bytes: u64) -> Result<(), StoreError> {
        let folder = &self.paths.folder;
        let Ok(disk) = rustix::fs::statvfs(folder) else {
            return Ok(());
        };
        let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        // What goes to the journal goes to the index too, which copies it once more when it
        // cleans up.
        if free_bytes >= ROOM_BYTES.saturating_add(for_bytes.saturating_mul(4)) {
            return Ok(());
        }
        let message = format!("only {} MiB are free", free_bytes >> 20);
        let source = io::Error::new(io::ErrorKind::StorageFull, message);
        Err(StoreError::io("write", folder)(source))
    }

    /// The error of a problem that a new index would not help against. An index that could not
    /// be written stays locked by this process; out of the way it hinders nobody, and the next
    /// to come builds another from the journal.
    fn give_up(&self, index: &Index, problem: Problem) -> StoreError {
        if index.has_failed() {
            // If even this fails, others will find it locked and say so.
            let _ = move_aside(&self.paths.index);
        }
        self.hopeless(problem)
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
        self.read(
            |index| index.history_since(after),
            |view| view.history_since(after),
        )
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
        self.read(|index| index.replay(session), |view| view.replay(session))
    }

    fn sessions(&self) -> Result<Vec<SessionSummary>, StoreError> {
        self.read(Index::sessions, View::sessions)
    }

    fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    fn take_warnings(&self) -> Vec<StoreWarning> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.warnings)
    }
}

/// Waits that grow from 1 ms to 20 ms, and end.
struct Pause {
    waits: u32,
    patience: Duration,
    deadline: Instant,
}

impl Pause {
    fn new(patience: Duration) -> Self {
        Self {
            waits: 0,
            patience,
            deadline: Instant::now() + patience,
        }
    }

    fn wait(&mut self, path: &Path) -> Result<(), StoreError> {
        if Instant::now() >= self.deadline {
            return Err(StoreError::Busy {
                path: path.to_owned(),
                waited: self.patience,
            });
        }
        self.waits += 1;
        thread::sleep(Duration::from_millis(u64::from(self.waits.min(20))));
        Ok(())
    }
}
