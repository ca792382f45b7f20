//! What ends a cell from outside: the user, a limit on time, the end of its fuel or its memory.
//!
//! An exception is raised in the code that runs. That code may clean up (a `with` that restores
//! `sys.stdout`, the end of `asyncio.run`), and it may just as well swallow it. So it comes again
//! a few times, and then before every instruction until the cell has unwound.
//!
//! RustPython runs what is sent through its signal channel between two bytecode instructions.
//! What is sent can't look at the clock and send itself again without raising: the channel would
//! never be empty. So the pauses between the first exceptions are kept by the steps of the meter.
//! No thread is needed.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::signal::{UserSignalReceiver, UserSignalSender, user_signal_channel};
use rustpython_vm::{PyResult, VirtualMachine};

use super::host::keyboard_interrupt;
use crate::kernel::{Ending, Host, Meter, memory};

/// A sleeper looks at the host this often, should a wake-up get lost.
const LONGEST_NAP: Duration = Duration::from_millis(50);
/// When an interruption is repeated to code that goes on: time to clean up. After the last it
/// comes before every instruction.
const REPEATS: [Duration; 4] = [
    Duration::from_millis(30),
    Duration::from_millis(50),
    Duration::from_millis(70),
    Duration::from_millis(90),
];

/// Carries the wish to stop into the interpreter.
pub(super) struct Interrupt {
    host: Arc<dyn Host>,
    sender: UserSignalSender,
    /// Whether there is a cell to stop. What arrives outside of a cell must not hit the next.
    running: AtomicBool,
    /// Counts the cells, so that what was meant for one doesn't hit another.
    cell: AtomicU64,
    /// When the host wished the cell to stop.
    since: Mutex<Option<Instant>>,
    /// How many of [`REPEATS`] are over.
    repeats: AtomicU32,
    nap: Mutex<()>,
    wake: Condvar,
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupt").finish_non_exhaustive()
    }
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
            since: Mutex::new(None),
            repeats: AtomicU32::new(0),
            nap: Mutex::new(()),
            wake: Condvar::new(),
        });
        let woken = Arc::downgrade(&this);
        host.on_interrupt(Box::new(move || {
            if let Some(this) = woken.upgrade() {
                this.stop_cell();
            }
        }));
        let told = Arc::downgrade(&this);
        memory::on_full(Box::new(move || {
            if let Some(this) = told.upgrade() {
                this.memory_is_full();
            }
        }));
        (this, receiver)
    }

    /// Where steps are counted.
    pub(super) fn meter(&self) -> &Arc<Meter> {
        self.host.meter()
    }

    /// Declares a cell running until the guard is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Running<'_> {
        self.cell.fetch_add(1, Ordering::SeqCst);
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.repeats.store(0, Ordering::SeqCst);
        self.running.store(true, Ordering::SeqCst);
        if self.host.is_interrupted() {
            self.stop_cell();
        }
        Running(self)
    }

    /// What the cell that runs is to end with, if it is to end.
    pub(super) fn ending(&self) -> Option<Ending> {
        if !self.running.load(Ordering::SeqCst) {
            None
        } else if self.host.is_interrupted() {
            Some(Ending::Interrupted)
        } else if self.meter().is_spent() {
            Some(Ending::OutOfFuel)
        } else if memory::is_exhausted() {
            Some(Ending::OutOfMemory)
        } else {
            None
        }
    }

    /// Called by a step that was told to look around, and by who has waited: raises if it is
    /// time to.
    pub(super) fn attend(self: &Arc<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let cell = self.cell.load(Ordering::SeqCst);
        match self.ending() {
            Some(Ending::Interrupted) => {
                let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
                let waited = since.map_or(Duration::ZERO, |since| since.elapsed());
                let over = REPEATS.iter().take_while(|&&pause| pause <= waited).count();
                if over == REPEATS.len() {
                    self.send(cell, Force::UntilUnwound);
                } else if self.repeats.load(Ordering::SeqCst) as usize >= over {
                    return Ok(());
                }
                self.repeats
                    .store(u32::try_from(over).unwrap_or(u32::MAX), Ordering::SeqCst);
                Err(keyboard_interrupt(vm))
            }
            Some(Ending::OutOfMemory) => {
                self.send(cell, Force::UntilUnwound);
                Err(vm.no_memory_error())
            }
            Some(_) => {
                if !self.meter().grant_grace() {
                    self.send(cell, Force::UntilUnwound);
                }
                Err(out_of_fuel(vm))
            }
            None => {
                self.meter().settle();
                Ok(())
            }
        }
    }

    /// Waits, unless the cell is to end: then it returns early, and raises.
    pub(super) fn sleep(self: &Arc<Self>, duration: Duration, vm: &VirtualMachine) -> PyResult<()> {
        let start = Instant::now();
        let mut guard = self.nap.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(left) = duration.checked_sub(start.elapsed())
            && !left.is_zero()
            && self.ending().is_none()
        {
            (guard, _) = self
                .wake
                .wait_timeout(guard, left.min(LONGEST_NAP))
                .unwrap_or_else(PoisonError::into_inner);
        }
        match self.ending() {
            Some(ending) => Err(exception(&ending, vm)),
            None => Ok(()),
        }
    }

    /// Called in the middle of an allocation: `MemoryError` before the next instruction, for the
    /// code to catch, or without end if it has used up what it got to recover.
    fn memory_is_full(self: &Arc<Self>) {
        if !self.running.load(Ordering::SeqCst) {
            return;
        }
        let cell = self.cell.load(Ordering::SeqCst);
        let this = Arc::clone(self);
        let _ = self.sender.send(Box::new(move |vm| {
            let is_there =
                this.cell.load(Ordering::SeqCst) == cell && this.running.load(Ordering::SeqCst);
            if !is_there || !memory::is_full() {
                return Ok(());
            }
            if memory::is_exhausted() {
                this.send(cell, Force::UntilUnwound);
            } else {
                this.keep_reading();
            }
            Err(vm.no_memory_error())
        }));
    }

    fn stop_cell(self: &Arc<Self>) {
        let cell = self.cell.load(Ordering::SeqCst);
        self.since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(Instant::now);
        self.send(cell, Force::Once);
        self.meter().demand_attention();
        // Taking the lock orders this after a sleeper's look at the host.
        drop(self.nap.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_all();
    }

    /// What raises leaves the rest of the channel unread, and the flag that announces it cleared:
    /// sending anything sets it again.
    fn keep_reading(&self) {
        let _ = self.sender.send(Box::new(|_| Ok(())));
    }

    fn send(self: &Arc<Self>, cell: u64, force: Force) {
        let this = Arc::clone(self);
        // The channel is closed when the interpreter is gone: then there is nothing to stop.
        let _ = self.sender.send(Box::new(move |vm| {
            let ending = this.ending();
            let (true, Some(ending)) = (this.cell.load(Ordering::SeqCst) == cell, ending) else {
                return Ok(());
            };
            match force {
                Force::UntilUnwound => this.send(cell, force),
                Force::Once => this.keep_reading(),
            }
            Err(exception(&ending, vm))
        }));
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
        self.0.meter().settle();
        self.0.wake.notify_all();
    }
}

fn exception(ending: &Ending, vm: &VirtualMachine) -> PyBaseExceptionRef {
    match ending {
        Ending::OutOfFuel => out_of_fuel(vm),
        Ending::OutOfMemory => vm.no_memory_error(),
        _ => keyboard_interrupt(vm),
    }
}

/// What is raised where the fuel ends. No class of its own: what cleans up after a
/// `KeyboardInterrupt` (`asyncio.run`, `contextlib`) cleans up after this.
fn out_of_fuel(vm: &VirtualMachine) -> PyBaseExceptionRef {
    let class = vm.ctx.exceptions.keyboard_interrupt.to_owned();
    vm.new_exception_msg(class, "out of fuel".to_owned().into())
}
