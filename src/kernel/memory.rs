//! A global allocator that counts, for whoever runs an interpreter.
//!
//! Interpreters allocate through Rust's global allocator (QuickJS too), so what it counts is the
//! heap of the kernel. Two bounds: past the *soft* one the interpreter is told, and raises what
//! its language has for that, which the code may catch. Past the *hard* one requests are refused.
//! What lies between is the reserve that handlers run in.
//!
//! A worker process has one account. A thread that runs an interpreter inside another program has
//! an account of its own. Anything else is passed on uncounted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

/// Counts the bytes in use and refuses what would pass the limit. The binary sets it as its
/// `#[global_allocator]`.
pub struct CountingAllocator;

/// What a cell may allocate when the heap is full already …
const ROOM_TO_TIDY_UP: i64 = 4 << 20;
/// … and all such cells together.
const MOST_ROOM: i64 = 32 << 20;
/// The reserve is so much of the limit, …
const RESERVE_PART: i64 = 8;
/// … within these bounds. RustPython's collector of cycles takes some MiB for a moment.
const LEAST_RESERVE: i64 = 1 << 20;
const MOST_RESERVE: i64 = 64 << 20;
/// A block this large that is given back may end the shortage.
const LARGE: usize = 64 << 10;
/// Where a refusal would end a program that is not ours, only blocks from this size on are
/// refused: what asks for those mostly knows how to go without.
const HUGE: usize = 64 << 20;

/// Called when the soft limit is passed, by the thread that passes it, in the middle of an
/// allocation.
type OnFull = Box<dyn Fn() + Send + Sync>;

/// Bytes in use, and how many there may be. Signed: what was allocated before counting began is
/// given back without having been booked.
pub(crate) struct Account {
    in_use: AtomicI64,
    peak: AtomicI64,
    /// Zero: counting is off.
    hard: AtomicI64,
    soft: AtomicI64,
    /// Where the interpreter is told next; the soft limit, or a little more than was in use when
    /// it was told last.
    brink: AtomicI64,
    /// The limit was met in this cell.
    was_full: AtomicBool,
    /// The reserve is gone too, or nearly.
    is_exhausted: AtomicBool,
    /// A refusal here may end a program that is not ours.
    is_guest: bool,
    on_full: OnceLock<OnFull>,
}

static WORKER: Account = Account::new(false);

thread_local! {
    /// The account of this thread, if it has one of its own. No destructor and no lazy start: an
    /// allocator may look at it at any time.
    static OWN: Cell<*const Account> = const { Cell::new(ptr::null()) };
}

/// The account that this thread's allocations go to.
fn account() -> &'static Account {
    // SAFETY: what is stored there was leaked by `open_account`, so it lives forever.
    unsafe { OWN.get().as_ref() }.unwrap_or(&WORKER)
}

/// Gives this thread an account of its own, for as long as it runs.
pub(super) fn open_account() {
    let own: &'static Account = Box::leak(Box::new(Account::new(true)));
    OWN.set(own);
}

/// Turns counting on.
pub(super) fn set_limit(bytes: u64) {
    account().begin_cell(bytes);
}

/// A cell begins: starts a new measurement of the peak. Where the cells before have filled the
/// heap there is a little room beyond `limit_bytes`, or not even `del` could run.
pub(super) fn begin_cell(limit_bytes: u64) {
    account().begin_cell(limit_bytes);
}

/// The most bytes in use since [`begin_cell`].
pub(super) fn peak() -> u64 {
    account().peak.load(Relaxed).try_into().unwrap_or(0)
}

/// The bytes in use.
pub(super) fn in_use() -> u64 {
    account().in_use.load(Relaxed).try_into().unwrap_or(0)
}

/// Sets what is called when this thread's account passes its soft limit. The first one stays.
pub(super) fn on_full(tell: OnFull) {
    let _ = account().on_full.set(tell);
}

/// Whether the soft limit is passed right now; if not, the interpreter is told again when it is.
/// If next to nothing is left, [`is_exhausted`] holds from here on.
pub(super) fn is_full() -> bool {
    let account = account();
    let is_full = account.is_on() && account.in_use.load(Relaxed) > account.soft.load(Relaxed);
    if !is_full {
        account.relax();
    } else if !has_reserve() {
        account.is_exhausted.store(true, Relaxed);
    }
    is_full
}

/// Whether there is something left beyond the soft limit.
pub(super) fn has_reserve() -> bool {
    let account = account();
    let (soft, hard) = (account.soft.load(Relaxed), account.hard.load(Relaxed));
    account.in_use.load(Relaxed) <= hard - (hard - soft) / 4
}

/// Whether `size` more bytes would pass the soft limit.
pub(super) fn would_be_full(size: usize) -> bool {
    let account = account();
    account.is_on()
        && account.in_use.load(Relaxed).saturating_add(signed(size)) > account.soft.load(Relaxed)
}

/// Notes that an interpreter refused a request by itself.
pub(super) fn note_refusal() {
    account().was_full.store(true, Relaxed);
}

/// Whether the limit was met since the cell began.
pub(super) fn was_full() -> bool {
    account().was_full.load(Relaxed)
}

/// Whether the reserve was found to be used up since the cell began.
pub(super) fn is_exhausted() -> bool {
    account().is_exhausted.load(Relaxed)
}

impl Account {
    const fn new(is_guest: bool) -> Self {
        Self {
            in_use: AtomicI64::new(0),
            peak: AtomicI64::new(0),
            hard: AtomicI64::new(0),
            soft: AtomicI64::new(i64::MAX),
            brink: AtomicI64::new(i64::MAX),
            was_full: AtomicBool::new(false),
            is_exhausted: AtomicBool::new(false),
            is_guest,
            on_full: OnceLock::new(),
        }
    }

    fn is_on(&self) -> bool {
        self.hard.load(Relaxed) != 0
    }

    fn begin_cell(&self, limit_bytes: u64) {
        let in_use = self.in_use.load(Relaxed);
        self.peak.store(in_use, Relaxed);
        let limit = i64::try_from(limit_bytes).unwrap_or(i64::MAX).max(1);
        let hard = (in_use + ROOM_TO_TIDY_UP).clamp(limit, limit.saturating_add(MOST_ROOM));
        let reserve = (limit / RESERVE_PART).clamp(LEAST_RESERVE, MOST_RESERVE);
        let soft = (hard - reserve).max(in_use + ROOM_TO_TIDY_UP / 4).min(hard);
        self.soft.store(soft, Relaxed);
        self.brink.store(soft, Relaxed);
        self.was_full.store(false, Relaxed);
        self.is_exhausted.store(false, Relaxed);
        self.hard.store(hard, Relaxed);
    }

    fn relax(&self) {
        self.brink.store(self.soft.load(Relaxed), Relaxed);
    }

    /// Books `size` more bytes; false if they would pass the limit.
    #[inline]
    fn book(&self, size: usize) -> bool {
        let hard = self.hard.load(Relaxed);
        if hard == 0 {
            return true;
        }
        let more = signed(size);
        let in_use = self.in_use.fetch_add(more, Relaxed) + more;
        // Two threads may race here and lose a little of the peak; only one of them works hard.
        if in_use > self.peak.load(Relaxed) && in_use <= hard {
            self.peak.store(in_use, Relaxed);
        }
        in_use <= self.brink.load(Relaxed) || self.is_granted(size, in_use, hard)
    }

    #[cold]
    fn is_granted(&self, size: usize, in_use: i64, hard: i64) -> bool {
        let soft = self.soft.load(Relaxed);
        let reserve = hard - soft;
        self.was_full.store(true, Relaxed);
        let is_refused = in_use > hard && (!self.is_guest || size >= HUGE);
        if is_refused {
            self.in_use.fetch_sub(signed(size), Relaxed);
        } else {
            // Before telling: that allocates.
            self.brink.store(in_use + (reserve / 8).max(1), Relaxed);
        }
        if let Some(tell) = self.on_full.get() {
            tell();
        }
        !is_refused
    }

    #[inline]
    fn give_back(&self, size: usize) {
        if self.hard.load(Relaxed) != 0 {
            let more = signed(size);
            let in_use = self.in_use.fetch_sub(more, Relaxed) - more;
            if size >= LARGE && in_use <= self.soft.load(Relaxed) {
                self.relax();
            }
        }
    }
}

/// A `Layout` is never larger than `isize::MAX`.
fn signed(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

// SAFETY: every call is passed on to the system's allocator with the layout that came in; a
// refused request returns null, as the contract allows.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !account().book(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !account().book(layout.size()) {
            return ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        account().give_back(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (old, new) = (layout.size(), new_size);
        let account = account();
        if new > old && !account.book(new - old) {
            return ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `realloc`.
        let moved = unsafe { System.realloc(pointer, layout, new) };
        match moved.is_null() {
            true if new > old => account.give_back(new - old),
            false if new < old => account.give_back(old - new),
            _ => {}
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    const MIB: i64 = 1 << 20;
    const SIZE: usize = 1 << 20;

    fn account(is_guest: bool) -> (Account, Arc<AtomicUsize>) {
        let account = Account::new(is_guest);
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        let tell: OnFull = Box::new(move || {
            count.fetch_add(1, Relaxed);
        });
        assert!(account.on_full.set(tell).is_ok());
        account.begin_cell(64 << 20);
        (account, told)
    }

    #[test]
    fn the_soft_limit_tells_and_the_hard_one_refuses() {
        let (account, told) = account(false);
        for _ in 0..56 {
            assert!(account.book(SIZE));
        }
        assert_eq!(told.load(Relaxed), 0);
        assert!(!account.was_full.load(Relaxed));
        assert!(account.book(SIZE), "the reserve is for use");
        assert_eq!(told.load(Relaxed), 1);
        assert!(account.was_full.load(Relaxed));
        assert!(account.book(100));
        assert_eq!(told.load(Relaxed), 1, "it is not told twice of the same");
        for _ in 0..6 {
            assert!(account.book(SIZE));
        }
        assert!(!account.book(SIZE));
        assert_eq!(account.in_use.load(Relaxed), 63 * MIB + 100);
        // Room makes it as it was.
        account.give_back(10 * SIZE + 100);
        let before = told.load(Relaxed);
        for _ in 0..4 {
            assert!(account.book(SIZE));
        }
        assert_eq!(told.load(Relaxed), before + 1);
        // The next cell can tidy up even if this one left everything full.
        for _ in 0..5 {
            account.book(SIZE);
        }
        let before = told.load(Relaxed);
        account.begin_cell(64 << 20);
        assert!(!account.was_full.load(Relaxed));
        assert!(account.book(SIZE));
        assert_eq!(told.load(Relaxed), before);
    }

    #[test]
    fn a_guest_is_told_and_hardly_refused() {
        let (account, told) = account(true);
        for _ in 0..100 {
            assert!(account.book(SIZE));
        }
        assert!(told.load(Relaxed) > 15);
        assert!(!account.book(HUGE));
    }

    #[test]
    fn what_is_off_counts_nothing() {
        let account = Account::new(false);
        assert!(account.book(usize::MAX / 4));
        account.give_back(SIZE);
        assert_eq!(account.in_use.load(Relaxed), 0);
    }
}
