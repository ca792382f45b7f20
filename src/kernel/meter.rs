//! Counts the steps of a cell, and stops it when they are used up.
//!
//! One word decides: a step adds to what is used and compares it with the *brink*. The brink is
//! where the fuel ends, or zero while somebody wants the interpreter's attention, so that asking
//! for attention costs a step nothing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A cell that has run out of fuel may take so many steps more to clean up (a `with` that puts
/// `sys.stdout` back), counted like all others.
const GRACE: u64 = 10_000;

/// Interpreters that start while this is set count no steps.
#[cfg(feature = "measure")]
pub(crate) static UNMETERED: AtomicBool = AtomicBool::new(false);

/// The fuel gauge of an interpreter. Only the interpreter's thread takes steps; any thread may
/// ask for attention.
#[derive(Debug)]
pub(crate) struct Meter {
    used: AtomicU64,
    brink: AtomicU64,
    /// Where the fuel ends; moved by [`GRACE`] once.
    end: AtomicU64,
    is_spent: AtomicBool,
    had_grace: AtomicBool,
    wants_attention: AtomicBool,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            used: AtomicU64::new(0),
            brink: AtomicU64::new(u64::MAX),
            end: AtomicU64::new(u64::MAX),
            is_spent: AtomicBool::new(false),
            had_grace: AtomicBool::new(false),
            wants_attention: AtomicBool::new(false),
        }
    }
}

impl Meter {
    /// A cell begins: nothing is used, and so much may be.
    pub fn begin(&self, fuel: Option<u64>) {
        let end = fuel.unwrap_or(u64::MAX);
        self.used.store(0, Ordering::Relaxed);
        self.is_spent.store(false, Ordering::Relaxed);
        self.had_grace.store(false, Ordering::Relaxed);
        self.end.store(end, Ordering::Relaxed);
        self.settle();
    }

    /// Steps since [`Self::begin`].
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Steps that may still be taken; `None` is no bound.
    pub fn left(&self) -> Option<u64> {
        let end = self.end.load(Ordering::Relaxed);
        (end != u64::MAX).then(|| end.saturating_sub(self.used()))
    }

    /// Counts steps that were taken elsewhere. On the interpreter's thread.
    pub fn charge(&self, steps: u64) {
        // Far from where a step would wrap.
        let used = self.used().saturating_add(steps).min(u64::MAX / 2);
        self.used.store(used, Ordering::Relaxed);
    }

    /// Takes a step of at least 1; whether to go on without looking around.
    #[inline]
    pub fn step(&self, weight: u64) -> bool {
        // One thread takes steps: a load and a store are enough, and cheaper than an addition
        // that other threads would have to see. No machine lives to see it wrap.
        let used = self.used.load(Ordering::Relaxed).wrapping_add(weight);
        self.used.store(used, Ordering::Relaxed);
        used <= self.brink.load(Ordering::Relaxed)
    }

    /// Whether more steps were taken than there was fuel for, now or earlier in this cell.
    pub fn is_spent(&self) -> bool {
        if self.used() > self.end.load(Ordering::Relaxed) {
            self.is_spent.store(true, Ordering::Relaxed);
        }
        self.is_spent.load(Ordering::Relaxed)
    }

    /// Gives a cell that is out of fuel its grace; false if it had that already.
    pub fn grant_grace(&self) -> bool {
        self.is_spent.store(true, Ordering::Relaxed);
        if self.had_grace.swap(true, Ordering::Relaxed) {
            return false;
        }
        let end = self.used().saturating_add(GRACE);
        self.end.store(end, Ordering::Relaxed);
        self.settle();
        true
    }

    /// Does something that is not the cell's: its steps are not counted, and it may take as many
    /// as are given here. If it takes more, the cell is out of fuel.
    pub fn aside<T>(&self, steps: u64, run: impl FnOnce() -> T) -> T {
        let used = self.used();
        let end = self.end.load(Ordering::Relaxed);
        if end != u64::MAX {
            self.move_end(used.saturating_add(steps));
        }
        let done = run();
        // Notes it, if it was too much.
        self.is_spent();
        self.used.store(used, Ordering::Relaxed);
        self.move_end(end);
        done
    }

    fn move_end(&self, end: u64) {
        self.end.store(end, Ordering::Relaxed);
        if !self.wants_attention.load(Ordering::SeqCst) {
            self.settle();
        }
    }

    /// Makes every step return false until [`Self::settle`].
    pub fn demand_attention(&self) {
        self.wants_attention.store(true, Ordering::SeqCst);
        self.brink.store(0, Ordering::SeqCst);
    }

    /// Ends a demand for attention.
    pub fn settle(&self) {
        self.wants_attention.store(false, Ordering::SeqCst);
        self.brink
            .store(self.end.load(Ordering::Relaxed), Ordering::SeqCst);
        // A demand that came in between must not be lost.
        if self.wants_attention.load(Ordering::SeqCst) {
            self.brink.store(0, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_where_the_fuel_does() {
        let meter = Meter::default();
        meter.begin(Some(3));
        assert!(meter.step(1) && meter.step(2));
        assert!(!meter.is_spent());
        assert!(!meter.step(1));
        assert!(meter.is_spent());
        assert_eq!(meter.used(), 4);
        meter.begin(None);
        assert!(meter.step(u64::MAX / 2));
        assert!(!meter.is_spent());
    }

    #[test]
    fn attention_is_paid_until_it_settles() {
        let meter = Meter::default();
        meter.begin(None);
        meter.demand_attention();
        assert!(!meter.step(1) && !meter.step(1));
        assert!(!meter.is_spent());
        meter.settle();
        assert!(meter.step(1));
        assert_eq!(meter.used(), 3);
    }

    #[test]
    fn what_is_done_aside_costs_nothing() {
        let meter = Meter::default();
        meter.begin(Some(10));
        assert!(meter.step(9));
        assert!(meter.aside(100, || meter.step(100)));
        assert_eq!(meter.used(), 9);
        assert!(meter.step(1) && !meter.is_spent());
        assert!(!meter.aside(100, || meter.step(101)));
        assert!(meter.is_spent());
        meter.begin(Some(10));
        meter.aside(100, || meter.demand_attention());
        assert!(!meter.step(1), "a demand made meanwhile stands");
    }

    #[test]
    fn grace_comes_once_a_cell() {
        let meter = Meter::default();
        meter.begin(Some(1));
        assert!(!meter.step(2));
        assert!(meter.grant_grace());
        assert!(meter.step(GRACE));
        assert!(meter.is_spent(), "grace is no fuel");
        assert!(!meter.step(1));
        assert!(!meter.grant_grace());
        meter.begin(Some(1));
        assert!(!meter.is_spent());
    }

    #[test]
    fn steps_that_others_took_are_charged() {
        let meter = Meter::default();
        meter.begin(None);
        assert_eq!(meter.left(), None);
        meter.begin(Some(100));
        meter.charge(u64::MAX);
        assert!(!meter.step(1) && meter.is_spent(), "it does not wrap");
        meter.begin(Some(100));
        assert!(meter.step(10));
        assert_eq!(meter.left(), Some(90));
        meter.charge(89);
        assert_eq!(meter.left(), Some(1));
        assert!(meter.step(1), "the last one");
        meter.charge(5);
        assert_eq!(meter.left(), Some(0));
        assert!(meter.is_spent());
        assert!(!meter.step(1));
    }
}
