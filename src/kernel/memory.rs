//! A global allocator that counts, for the worker process.
//!
//! Interpreters allocate through Rust's global allocator (QuickJS too), so what it counts is the
//! heap of the kernel. Outside of a worker it is off and only passes on.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Counts the bytes in use and refuses what would pass the limit. The binary sets it as its
/// `#[global_allocator]`.
pub struct CountingAllocator;

/// Signed: what was allocated before counting began is given back without having been booked.
static IN_USE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);
/// What a cell may allocate when the heap is full already …
const ROOM_TO_TIDY_UP: i64 = 4 << 20;
/// … and all such cells together.
const MOST_ROOM: i64 = 32 << 20;
/// Zero: counting is off.
static LIMIT: AtomicI64 = AtomicI64::new(0);

/// Turns counting on.
pub(super) fn set_limit(bytes: u64) {
    LIMIT.store(i64::try_from(bytes).unwrap_or(i64::MAX).max(1), Relaxed);
}

/// A cell begins: starts a new measurement of the peak. Where the cells before have filled the
/// heap there is a little room beyond `limit_bytes`, or not even `del` could run.
pub(super) fn begin_cell(limit_bytes: u64) {
    let in_use = IN_USE.load(Relaxed);
    PEAK.store(in_use, Relaxed);
    let limit = i64::try_from(limit_bytes).unwrap_or(i64::MAX).max(1);
    LIMIT.store(
        (in_use + ROOM_TO_TIDY_UP).clamp(limit, limit.saturating_add(MOST_ROOM)),
        Relaxed,
    );
}

/// The most bytes in use since [`begin_cell`].
pub(super) fn peak() -> u64 {
    PEAK.load(Relaxed).try_into().unwrap_or(0)
}

/// The bytes in use.
pub(super) fn in_use() -> u64 {
    IN_USE.load(Relaxed).try_into().unwrap_or(0)
}

/// Books `size` more bytes; false if they would pass the limit.
fn book(size: usize) -> bool {
    let limit = LIMIT.load(Relaxed);
    if limit == 0 {
        return true;
    }
    let size = signed(size);
    let in_use = IN_USE.fetch_add(size, Relaxed) + size;
    if in_use > limit {
        IN_USE.fetch_sub(size, Relaxed);
        return false;
    }
    // Two threads may race here and lose a little of the peak; only one of them works hard.
    if in_use > PEAK.load(Relaxed) {
        PEAK.store(in_use, Relaxed);
    }
    true
}

fn give_back(size: usize) {
    if LIMIT.load(Relaxed) != 0 {
        IN_USE.fetch_sub(signed(size), Relaxed);
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
        if !book(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !book(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (old, new) = (layout.size(), new_size);
        if new > old && !book(new - old) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `realloc`.
        let moved = unsafe { System.realloc(pointer, layout, new) };
        match moved.is_null() {
            true if new > old => give_back(new - old),
            false if new < old => give_back(old - new),
            _ => {}
        }
        moved
    }
}
