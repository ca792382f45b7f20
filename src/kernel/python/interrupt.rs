//! Interruptions. RustPython runs what is sent through its signal channel between two bytecode
//! instructions; here that raises `KeyboardInterrupt`. The code that it lands in may clean up
//! (a `with` that restores `sys.stdout`, the end of `asyncio.run`), and it may just as well
//! swallow it. So it comes once, a few times more to code that goes on, and from then on before
//! every instruction until the cell has unwound.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustpython_vm::signal::{UserSignalReceiver, UserSignalSender, user_signal_channel};

use crate::kernel::Host;

/// A sleeper looks at the host this often, should a wake-up get lost.
const LONGEST_NAP: Duration = Duration::from_millis(50);
/// Pauses between the first interruptions: time to clean up.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(100),
    Duration::from_millis(100),
    Duration::from_millis(100),
];

/// Carries the host's wish to stop into the interpreter.
pub(super) struct Interrupt {
    host: Arc<dyn Host>,
    sender: UserSignalSender,
    /// Whether there is a cell to stop. What arrives outside of a cell must not hit the next.
    running: AtomicBool,
    /// Counts the cells, so that what was meant for one doesn't hit another.
    cell: AtomicU64,
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
            cell: AtomicU64::new(0),
            nap: Mutex::new(()),
            wake: Condvar::new(),
        });
        let woken = Arc::downgrade(&this);
        host.on_interrupt(Box::new(move || {
            if let Some(this) = woken.upgrade() {
                this.stop_cell();
            }
        }));
        (this, receiver)
    }

    /// Declares a cell running until the guard is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Running<'_> {
        self.cell.fetch_add(1, Ordering::SeqCst);
        self.running.store(true, Ordering::SeqCst);
        if self.host.is_interrupted() {
            self.stop_cell();
        }
        Running(self)
    }

    /// Whether the cell that runs is to end.
    pub(super) fn is_pending(&self) -> bool {
        self.running.load(Ordering::SeqCst) && self.host.is_interrupted()
    }

    /// Waits, unless interrupted: then it returns early.
    pub(super) fn sleep(&self, duration: Duration) {
        self.wait(duration, || !self.is_pending());
    }

    fn stop_cell(self: &Arc<Self>) {
        let cell = self.cell.load(Ordering::SeqCst);
        self.send(cell, Force::Once);
        // Taking the lock orders this after a sleeper's look at the host.
        drop(self.nap.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_all();
        let this = Arc::clone(self);
        let insist = std::thread::Builder::new().spawn(move || {
            for pause in PAUSES {
                this.wait(pause, || this.is_to_stop(cell));
                this.send(cell, Force::Once);
            }
            this.send(cell, Force::UntilUnwound);
        });
        if insist.is_err() {
            self.send(cell, Force::UntilUnwound);
        }
    }

    fn is_to_stop(&self, cell: u64) -> bool {
        self.cell.load(Ordering::SeqCst) == cell && self.is_pending()
    }

    fn send(self: &Arc<Self>, cell: u64, force: Force) {
        if !self.is_to_stop(cell) {
            return;
        }
        let this = Arc::clone(self);
        // The channel is closed when the interpreter is gone: then there is nothing to stop.
        let _ = self.sender.send(Box::new(move |vm| {
            if !this.is_to_stop(cell) {
                return Ok(());
            }
            match force {
                Force::UntilUnwound => this.send(cell, force),
                // What raises here leaves the rest of the channel unread, and the flag that
                // announces it cleared: sending anything sets it again.
                Force::Once => drop(this.sender.send(Box::new(|_| Ok(())))),
            }
            Err(vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned()))
        }));
    }

    /// Waits as long as `goes_on` says so, at most for `duration`.
    fn wait(&self, duration: Duration, goes_on: impl Fn() -> bool) {
        let start = Instant::now();
        let mut guard = self.nap.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(left) = duration.checked_sub(start.elapsed())
            && !left.is_zero()
            && goes_on()
        {
            (guard, _) = self
                .wake
                .wait_timeout(guard, left.min(LONGEST_NAP))
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// How often an interruption comes.
#[derive(Clone, Copy)]
enum Force {
    /// Before one instruction.
    Once,
    /// Before every instruction, until the cell has unwound.
    UntilUnwound,
}

/// A cell is running.
pub(super) struct Running<'a>(&'a Interrupt);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::SeqCst);
        self.0.wake.notify_all();
    }
}
