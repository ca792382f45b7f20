//! Results of tools in sled, in a folder whose content can be lost.
//!
//! sled lets one process in at a time. Whoever needs it keeps it open, so that the next result costs
//! no opening, and lets go of it when it was not needed for a while, so that another instance gets
//! its turn. Who does not get in goes on without: a result that is not there is found out anew.
//! Nothing is flushed before it is closed, for the same reason.
//!
//! Two kinds of keys: `o<number>` in the order in which results came, with the key and the size of
//! each, and `r<key>` with that number and the bytes. The oldest go first when there are too many.
//! What can't be read is thrown away, with all the rest: it is no use to repair it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use sled::{Batch, Db};

use super::index::remove_unfinished_snapshots;
use super::sled::{ROOM_BYTES, free_bytes};
use crate::atomic;
use crate::panics::contain;
use crate::tool::{CacheKey, ResultStore};

/// Memory for sled's pages.
const PAGES_BYTES: u64 = 8 << 20;
/// How long another instance is waited for. A call waits with it.
const PATIENCE: Duration = Duration::from_millis(20);
/// After this it is tried again to get in.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// sled's files are larger than what is in them; beyond so many times the bound they are begun anew.
const MAX_OVERHEAD: u64 = 4;
/// Of a result: its number.
const NUMBER_BYTES: usize = 8;
/// Of a row of the order: the key, and the size.
const ROW_BYTES: usize = 32 + 8;

/// What is kept at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub entries: u64,
    pub size_bytes: u64,
    /// Unused for so long, it is closed.
    pub idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            entries: 4096,
            size_bytes: 64 << 20,
            idle: Duration::from_secs(1),
        }
    }
}

/// Results in a folder.
pub(super) struct SledResults(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    lock: PathBuf,
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    /// It is not tried before.
    not_before: Option<Instant>,
}

/// Dropped from top to bottom: the lock goes last.
struct Open {
    db: Db,
    count: Count,
    used: Instant,
    _lock: File,
}

/// What is in it.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    entries: u64,
    size_bytes: u64,
    /// The number of the next one.
    next: u64,
}

impl SledResults {
    /// Nothing is opened or created before the first result.
    pub(super) fn new(cache_folder: &Path, bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            folder: cache_folder.join("results-v1.sled"),
            lock: cache_folder.join("results-v1.lock"),
            bounds,
            state: Mutex::default(),
        }))
    }

    /// Works on what is there, if one can get in.
    fn with<T>(&self, work: impl FnOnce(&mut Open, Bounds) -> sled::Result<T>) -> Option<T> {
        let shared = &self.0;
        let mut state = shared.state();
        if state.open.is_none() {
            let now = Instant::now();
            if state.not_before.is_some_and(|at| now < at) {
                return None;
            }
            state.open = shared.open().ok();
            if state.open.is_none() {
                state.not_before = Some(now + RETRY_AFTER);
                return None;
            }
            let weak = Arc::downgrade(shared);
            let idle = shared.bounds.idle;
            // Without it the others get in when this process ends.
            let _ = thread::Builder::new()
                .name("results".to_owned())
                .spawn(move || close_when_idle(&weak, idle));
        }
        let open = state.open.as_mut()?;
        open.used = Instant::now();
        let result = contain(|| work(open, shared.bounds));
        if let Ok(Ok(value)) = result {
            return Some(value);
        }
        // After a write that failed, sled 0.34.7 waits for ever when it is dropped. So it is not
        // dropped; its folder goes, and a new one is another one.
        if let Some(open) = state.open.take() {
            std::mem::forget(open.db.clone());
            let _ = fs::remove_dir_all(&shared.folder);
        }
        state.not_before = Some(Instant::now() + RETRY_AFTER);
        None
    }
}

impl ResultStore for SledResults {
    fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        if !self.0.folder.exists() {
            return None;
        }
        let found = self.with(|open, _| open.db.get(result_key(key)))??;
        found.get(NUMBER_BYTES..).map(<[u8]>::to_vec)
    }

    fn put(&self, key: &CacheKey, bytes: &[u8]) {
        self.with(|open, bounds| open.put(key, bytes, bounds));
    }

    fn remove(&self, key: &CacheKey) {
        self.with(|open, _| open.remove(key));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> io::Result<Open> {
        let deadline = Instant::now() + PATIENCE;
        atomic::create_folder(atomic::folder_of(&self.folder)?)?;
        let needed = ROOM_BYTES + self.bounds.size_bytes;
        if free_bytes(atomic::folder_of(&self.folder)?).is_some_and(|free| free < needed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.lock)?;
        while lock.try_lock().is_err() {
            wait(deadline)?;
        }
        let read = self.read(deadline).or_else(|error| {
            if is_locked(&error) {
                return Err(error);
            }
            fs::remove_dir_all(&self.folder)?;
            self.read(deadline)
        });
        let (db, count) = read?;
        Ok(Open {
            db,
            count,
            used: Instant::now(),
            _lock: lock,
        })
    }

    /// What is in the folder, as long as it is sound and not much too large.
    fn read(&self, deadline: Instant) -> io::Result<(Db, Count)> {
        // sled would create it for everybody's eyes.
        atomic::create_folder(&self.folder)?;
        remove_unfinished_snapshots(&self.folder);
        loop {
            let opened = contain(|| {
                let config = sled::Config::new()
                    .path(&self.folder)
                    .cache_capacity(PAGES_BYTES)
                    .flush_every_ms(None);
                let db = config.open()?;
                Ok((db.size_on_disk()?, Count::of(&db)?, db))
            });
            match opened.map_err(io::Error::other)? {
                Ok((size, ..)) if size > self.bounds.size_bytes.saturating_mul(MAX_OVERHEAD) => {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                Ok((_, count, db)) => return Ok((db, count)),
                // It lets go of its files a little after it was dropped.
                Err(sled::Error::Io(error)) if is_locked(&error) => wait(deadline)?,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}

/// sled has no error of its own for this, and drops the system's.
fn is_locked(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.to_string().contains("could not acquire lock")
}

fn wait(deadline: Instant) -> io::Result<()> {
    if Instant::now() >= deadline {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    thread::sleep(Duration::from_millis(1));
    Ok(())
}

/// Lets go of what is not used, and ends.
fn close_when_idle(shared: &Weak<Shared>, idle: Duration) {
    loop {
        thread::sleep(idle);
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let mut state = shared.state();
        let is_used = |open: &Open| open.used.elapsed() < idle;
        if state.open.as_ref().is_some_and(is_used) {
            continue;
        }
        let open = state.open.take();
        // sled panics if the last sync fails.
        let _ = contain(|| drop(open));
        return;
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let open = state.open.take();
        let _ = contain(|| drop(open));
    }
}

impl Count {
    fn of(db: &Db) -> sled::Result<Self> {
        let mut count = Self::default();
        for row in db.scan_prefix(b"o") {
            let (number, row) = row?;
            count.add(Row::read(&row)?.size_bytes);
            count.next = number_of(number.get(1..))?.saturating_add(1);
        }
        Ok(count)
    }

    fn add(&mut self, size_bytes: u64) {
        self.entries += 1;
        self.size_bytes = self.size_bytes.saturating_add(size_bytes);
    }

    fn take(&mut self, size_bytes: u64) {
        self.entries = self.entries.saturating_sub(1);
        self.size_bytes = self.size_bytes.saturating_sub(size_bytes);
    }
}

impl Open {
    fn put(&mut self, key: &CacheKey, bytes: &[u8], bounds: Bounds) -> sled::Result<()> {
        let added = (NUMBER_BYTES + bytes.len()) as u64;
        if added > bounds.size_bytes {
            return Ok(());
        }
        let (mut batch, mut count) = (Batch::default(), self.count);
        let name = result_key(key);
        let mut known = None;
        if let Some(value) = self.db.get(&name)? {
            let order = order_key(number_of(value.get(..NUMBER_BYTES))?);
            batch.remove(&order);
            count.take(value.len() as u64);
            known = Some(order);
        }
        for row in self.db.scan_prefix(b"o") {
            let has_room = count.entries < bounds.entries
                && count.size_bytes.saturating_add(added) <= bounds.size_bytes;
            if has_room {
                break;
            }
            let (order, row) = row?;
            if known.is_some_and(|known| known == *order) {
                continue;
            }
            let row = Row::read(&row)?;
            batch.remove(order);
            batch.remove(result_key(&row.key));
            count.take(row.size_bytes);
        }
        let number = count.next.to_be_bytes();
        batch.insert(name, [number.as_slice(), bytes].concat());
        let row = [key.0.as_slice(), &added.to_be_bytes()].concat();
        batch.insert(&order_key(count.next), row);
        self.db.apply_batch(batch)?;
        count.add(added);
        count.next = count.next.saturating_add(1);
        self.count = count;
        Ok(())
    }

    fn remove(&mut self, key: &CacheKey) -> sled::Result<()> {
        let name = result_key(key);
        let Some(value) = self.db.get(&name)? else {
            return Ok(());
        };
        let mut batch = Batch::default();
        batch.remove(&order_key(number_of(value.get(..NUMBER_BYTES))?));
        batch.remove(name);
        self.db.apply_batch(batch)?;
        self.count.take(value.len() as u64);
        Ok(())
    }
}

/// A row of the order.
struct Row {
    key: CacheKey,
    size_bytes: u64,
}

impl Row {
    fn read(bytes: &[u8]) -> sled::Result<Self> {
        let row: [u8; ROW_BYTES] = bytes.try_into().map_err(|_| damaged())?;
        let (key, size) = row.split_at(32);
        Ok(Self {
            key: CacheKey(key.try_into().map_err(|_| damaged())?),
            size_bytes: number_of(Some(size))?,
        })
    }
}

fn damaged() -> sled::Error {
    sled::Error::Io(io::ErrorKind::InvalidData.into())
}

fn number_of(bytes: Option<&[u8]>) -> sled::Result<u64> {
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map(u64::from_be_bytes).ok_or_else(damaged)
}

fn result_key(key: &CacheKey) -> Vec<u8> {
    [b"r", key.0.as_slice()].concat()
}

fn order_key(number: u64) -> [u8; 9] {
    let mut key = [b'o'; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    use crate::protocol::CacheTier;
    use crate::protocol::CallOrigin;
    use crate::tool::{Clock, PermissionScope, Reach, ResultCache, ToolOutput};

    const SMALL: Bounds = Bounds {
        entries: 3,
        size_bytes: 1 << 20,
        idle: Duration::from_millis(50),
    };

    fn key(letter: u8) -> CacheKey {
        CacheKey([letter; 32])
    }

    fn kept(results: &SledResults) -> Vec<u8> {
        let there = |letter: &u8| results.get(&key(*letter)).is_some();
        (b'a'..=b'z').filter(there).collect()
    }

    #[test]
    fn results_outlive_the_process_and_a_question_creates_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || SledResults::new(folder.path(), Bounds::default());
        let first = open();
        assert_eq!(first.get(&key(b'a')), None);
        let entries = fs::read_dir(folder.path()).expect("there").count();
        assert_eq!(entries, 0, "nothing is created for a question");
        first.put(&key(b'a'), b"one");
        first.put(&key(b'a'), b"two");
        first.put(&key(b'b'), b"");
        drop(first);
        let second = open();
        assert_eq!(second.get(&key(b'a')).as_deref(), Some(&b"two"[..]));
        assert_eq!(second.get(&key(b'b')).as_deref(), Some(&b""[..]));
        second.remove(&key(b'a'));
        drop(second);
        assert_eq!(kept(&open()), b"b");
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_or_too_much() {
        let folder = tempfile::tempdir().expect("a folder");
        let results = SledResults::new(folder.path(), SMALL);
        for letter in b'a'..=b'e' {
            results.put(&key(letter), b"x");
        }
        assert_eq!(kept(&results), b"cde");
        // What is put anew is young again.
        results.put(&key(b'c'), b"y");
        results.put(&key(b'f'), b"x");
        assert_eq!(kept(&results), b"cef");
        let half = vec![7; 600 << 10];
        results.put(&key(b'g'), &half);
        results.put(&key(b'h'), &half);
        assert_eq!(kept(&results), b"h", "two halves are too much");
        results.put(&key(b'i'), &vec![7; 2 << 20]);
        assert_eq!(kept(&results), b"h", "larger than all: not kept");
        drop(results);
        let again = SledResults::new(folder.path(), SMALL);
        again.put(&key(b'j'), &half);
        assert_eq!(kept(&again), b"j", "the sizes are known after opening");
    }

    #[test]
    fn two_instances_take_turns_and_none_waits_long() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || SledResults::new(folder.path(), SMALL);
        let (first, second) = (open(), open());
        first.put(&key(b'a'), b"one");
        let started = Instant::now();
        assert_eq!(second.get(&key(b'a')), None, "the first one has it");
        second.put(&key(b'b'), b"two");
        assert!(started.elapsed() < RETRY_AFTER, "{:?}", started.elapsed());
        assert_eq!(first.get(&key(b'a')).as_deref(), Some(&b"one"[..]));
        let deadline = Instant::now() + Duration::from_secs(20);
        while second.get(&key(b'a')).is_none() {
            assert!(Instant::now() < deadline, "the first one never lets go");
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn results_end_and_are_only_for_whom_they_were_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::paused();
        // Each as another process has it: with nothing in memory.
        let cache = || {
            let results = SledResults::new(folder.path(), Bounds::default());
            ResultCache::new(Some(Box::new(results)), clock.clone())
        };
        let key = |origin, scope: &str| {
            let scope = PermissionScope(scope.to_owned());
            CacheKey::of("a tool", &json!({ "a": 1 }), origin, &scope)
        };
        let mine = key(CallOrigin::User, "read /data");
        let output = ToolOutput::text("known");
        cache().put(&mine, &output, Duration::from_secs(10), Reach::Store);
        let found = |key| cache().get(&key, Reach::Store);
        assert_eq!(found(mine), Some((output, CacheTier::Store)));
        for other in [
            key(CallOrigin::Model, "read /data"),
            key(CallOrigin::Sandbox, "read /data"),
            key(CallOrigin::Mcp, "read /data"),
            key(CallOrigin::User, ""),
            key(CallOrigin::User, "read /"),
        ] {
            assert_eq!(found(other), None);
        }
        clock.advance(Duration::from_secs(10));
        assert_eq!(found(mine), None);
        let results = SledResults::new(folder.path(), Bounds::default());
        assert_eq!(results.get(&mine), None, "it was taken away");
    }

    #[test]
    fn damage_costs_what_was_kept_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || SledResults::new(folder.path(), Bounds::default());
        let results = open();
        results.put(&key(b'a'), &vec![1; 100_000]);
        drop(results);
        let file = folder.path().join("results-v1.sled/db");
        let mut bytes = fs::read(&file).expect("sled's file");
        for byte in bytes.iter_mut().skip(64) {
            *byte ^= 0x5a;
        }
        fs::write(&file, bytes).expect("written");
        let results = open();
        let _ = results.get(&key(b'a'));
        let deadline = Instant::now() + Duration::from_secs(20);
        while results.get(&key(b'b')).is_none() {
            assert!(Instant::now() < deadline, "it never works again");
            results.put(&key(b'b'), b"new");
            thread::sleep(Duration::from_millis(20));
        }
        drop(results);
        // A row that nobody could have written.
        let db = sled::open(folder.path().join("results-v1.sled")).expect("opened");
        db.insert(b"o12345678", b"short").expect("written");
        drop(db);
        let results = open();
        let deadline = Instant::now() + Duration::from_secs(20);
        while results.get(&key(b'c')).is_none() {
            assert!(Instant::now() < deadline, "it never works again");
            results.put(&key(b'c'), b"new");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(kept(&results), b"c");
    }
}
