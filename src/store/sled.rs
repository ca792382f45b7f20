//! The store in sled: an index over the journal.
//!
//! sled lets one process in at a time, so that every instance takes a lock file, opens, works,
//! flushes and closes; others wait. An append goes to the journal first, then to the index in
//! one batch that also moves the index's [`Mark`] on. After a crash between the two the journal
//! is ahead, and the next to open adds what is missing. An index that can't be read is moved
//! aside and rebuilt from the journal; a journal that does not go on from the mark is moved
//! aside and rewritten from the index.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::index::{Damage, Index, Opened, Problem};
use super::journal::Journal;
use super::record::Record;
use super::view::View;
use super::{
    Blobs, HistoryEntry, MAX_SOURCE_BYTES, MadePicture, NewHistoryEntry, SessionSummary, Store,
    StoreError, StoreWarning,
};
use crate::atomic;
use crate::panics::contain;
use crate::protocol::{Event, SessionId};

/// How long an append waits for other instances.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a read waits for them: there is another way to read.
const READER_PATIENCE: Duration = Duration::from_secs(1);

/// How much of the disk has to be free for sled to be let near it.
pub(super) const ROOM_BYTES: u64 = 16 << 20;

/// The store in a data folder.
pub(super) struct SledStore {
    pub paths: Paths,
    blobs: Blobs,
    state: Mutex<State>,
}

/// Where its files are.
pub(super) struct Paths {
    pub folder: PathBuf,
    pub lock: PathBuf,
    pub journal: PathBuf,
    pub index: PathBuf,
}

/// What a process remembers between calls.
#[derive(Default)]
pub(super) struct State {
    pub warnings: Vec<StoreWarning>,
    /// A second rebuild in one run would not help either, and would fill the disk with copies.
    pub has_rebuilt: bool,
}

/// What is open while the lock is held. Dropped from top to bottom: the lock goes last.
pub(super) struct Session {
    pub index: Index,
    pub journal: Journal,
    pub lock: File,
}

impl Session {
    /// Lets go of everything. sled panics if the last sync fails; what was acknowledged is in
    /// the journal.
    fn close(self) {
        let _ = contain(|| drop(self));
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
                lock,
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
    pub(super) fn open_index(
        &self,
        pause: &mut Pause,
    ) -> Result<Result<Opened, Damage>, StoreError> {
        loop {
            match Index::open(&self.paths.index) {
                Ok(opened) => return Ok(Ok(opened)),
                Err(Problem::Locked) => pause.wait(&self.paths.index)?,
                Err(Problem::Damage(damage)) => return Ok(Err(damage)),
                Err(Problem::Fatal(error)) => return Err(error),
            }
        }
    }

    /// Refuses to begin what sled may not survive: a write that fails for want of room leaves it
    /// with locks that it never lets go.
    pub(super) fn need_room(&self, for_bytes: u64) -> Result<(), StoreError> {
        let folder = &self.paths.folder;
        let Some(free_bytes) = free_bytes(folder) else {
            return Ok(());
        };
        // What goes to the journal goes to the index too, which copies it once more when it
        // cleans up.
        if free_bytes >= ROOM_BYTES.saturating_add(for_bytes.saturating_mul(4)) {
            return Ok(());
        }
        let message = format!("only {} MiB are free", free_bytes >> 20);
        let source = io::Error::new(io::ErrorKind::StorageFull, message);
        Err(StoreError::io("write", folder)(source))
    }

    /// The error of a problem that nothing more can be done about.
    pub(super) fn hopeless(&self, problem: Problem) -> StoreError {
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

    fn pictures(&self) -> Result<Vec<MadePicture>, StoreError> {
        self.read(Index::pictures, View::pictures)
    }

    fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    fn take_warnings(&self) -> Vec<StoreWarning> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.warnings)
    }
}

/// What is left on the disk of a folder, if the system tells.
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Waits that grow from 1 ms to 20 ms, and end.
pub(super) struct Pause {
    waits: u32,
    patience: Duration,
    deadline: Instant,
}

impl Pause {
    pub(super) fn new(patience: Duration) -> Self {
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
