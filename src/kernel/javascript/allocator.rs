//! The allocator of `QuickJS`: stops at the soft limit, which throws an error that code may catch.
//!
//! Past the hard limit it would be the same for the engine, but not for what is written in Rust
//! around it, which ends the process when it gets no memory.

use rquickjs::allocator::{Allocator, RustAllocator};

use crate::kernel::memory;

/// What the engine may have beyond the limit once it was refused something: to make the error
/// that says so, and to run what catches it.
const TO_SAY_SO: usize = 64 << 10;

/// Passes requests on to Rust's allocator, up to the soft limit.
#[derive(Default)]
pub(super) struct SoftAllocator {
    /// What is left of [`TO_SAY_SO`].
    left: usize,
}

impl SoftAllocator {
    fn is_granted(&mut self, size: usize) -> bool {
        if !memory::would_be_full(size) {
            self.left = 0;
            return true;
        }
        if let Some(left) = self.left.checked_sub(size) {
            self.left = left;
            return true;
        }
        memory::note_refusal();
        // Near the hard limit there is nothing left to give.
        self.left = if memory::has_reserve() { TO_SAY_SO } else { 0 };
        false
    }
}

// SAFETY: every block comes from, and goes back to, `RustAllocator`; a refused request returns
// null, as the contract allows.
unsafe impl Allocator for SoftAllocator {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        if !self.is_granted(size) {
            return std::ptr::null_mut();
        }
        RustAllocator.alloc(size)
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        match count.checked_mul(size) {
            Some(total) if self.is_granted(total) => RustAllocator.calloc(count, size),
            _ => std::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&mut self, pointer: *mut u8) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { RustAllocator.dealloc(pointer) }
    }

    unsafe fn realloc(&mut self, pointer: *mut u8, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `realloc`.
        let old_size = unsafe { RustAllocator::usable_size(pointer) };
        if new_size > old_size && !self.is_granted(new_size - old_size) {
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { RustAllocator.realloc(pointer, new_size) }
    }

    unsafe fn usable_size(pointer: *mut u8) -> usize {
        // SAFETY: the caller keeps the contract of `usable_size`.
        unsafe { RustAllocator::usable_size(pointer) }
    }
}
