//! Interruptions. RustPython runs what is sent through its signal channel between two bytecode
//! instructions; what raises there can be caught by the code it lands in, so it is sent again
//! and again until the cell has unwound.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustpython_vm::signal::{UserSignalReceiver, UserSignalSender, user_signal_channel};

use crate::kernel::Host;

/// A sleeper looks at the host this often, should a wake-up get lost.
const LONGEST_NAP: Duration = Duration::from_millis(50);

/// Carries the host's wish to stop into the interpreter.
pub(super) struct Interrupt {
    host: Arc<dyn Host>,
    sender: UserSignalSender,
    /// Whether there is a cell to stop. What arrives outside of a cell must not hit the next.
    running: AtomicBool,
    nap: Mutex<()>,
    wake: Condvar,
}

impl Interrupt {
    /// Opens the channel, whose receiver goes into the virtual machine, and listens to the host.
    pub(super) fn new(host: Arc<dyn Host>) -> (Arc<Self>, UserSignalReceiver) {
        let (sender, receiver) = user_signal_channel();
        let this = Arc::new(Self {
            host: Arc::clone(&host),
            sender,
            running: AtomicBool::new(false),
            nap: Mutex::new(()),
            wake: Condvar::new(),
        });
        let woken = Arc::downgrade(&this);
        host.on_interrupt(Box::new(move || {
            if let Some(this) = woken.upgrade() {
                this.send();
                // Taking the lock orders this after a sleeper's look at the host.
                drop(this.nap.lock().unwrap_or_else(PoisonError::into_inner));
                this.wake.notify_all();
            }
        }));
        (this, receiver)
    }

    /// Declares a cell running until the guard is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Running<'_> {
        self.running.store(true, Ordering::SeqCst);
        if self.host.is_interrupted() {
            self.send();
        }
        Running(self)
    }

    /// Whether the cell that runs is to end.
    pub(super) fn is_pending(&self) -> bool {
        self.running.load(Ordering::SeqCst) && self.host.is_interrupted()
    }

    /// Waits, unless interrupted: then it returns early.
    pub(super) fn sleep(&self, duration: Duration) {
        let start = Instant::now();
        let mut guard = self.nap.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(left) = duration.checked_sub(start.elapsed())
            && !left.is_zero()
            && !self.is_pending()
        {
            (guard, _) = self
                .wake
                .wait_timeout(guard, left.min(LONGEST_NAP))
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn send(self: &Arc<Self>) {
        let this = Arc::clone(self);
        // The channel is closed when the interpreter is gone: then there is nothing to stop.
        let _ = self.sender.send(Box::new(move |vm| {
            if !this.is_pending() {
                return Ok(());
            }
            this.send();
            Err(vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned()))
        }));
    }
}

/// A cell is running.
pub(super) struct Running<'a>(&'a Interrupt);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::SeqCst);
    }
}
