//! The keeper: stands between the parent and the runner, where the interpreter lives, and keeps
//! states of the runner to go back to.
//!
//! ```text
//! parent ══ frames ══ keeper ══ frames ══ runner: interpreter, with a thread that listens
//!                        │                  └─ fork after each cell ─ a snapshot, asleep
//!                        └─ a byte through the pipe of its slot ─────────┘
//! ```
//!
//! A state is a fork of the runner that sleeps in a read. Woken, it forks again: the child is the
//! next runner, the snapshot sleeps on. So a state can be gone back to any number of times, and a
//! runner that dies in the middle of a cell takes only that cell with it. Pages are shared until
//! somebody writes.
//!
//! Runner and snapshots run untrusted code or have done so: nothing that they say is believed
//! beyond their own session. The keeper signals only processes of its own process group.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};

use super::runner::Seat;
use super::snapshot::{ChildSignals, Forked, RECORD_BYTES, Record, SLOTS, Snapshots, WAKE, fork};
use super::wire::{self, Frames, FromWorker, ToKeeper, ToWorker, WireError};

/// Who this process is after [`split`].
pub(super) enum Role {
    Keeper(Keeper),
    Runner(Seat),
}

/// Forks the first runner off. Call it while there is one thread only.
///
/// # Errors
/// When the system gives no pipe or no process.
pub(super) fn split(input: File, output: File) -> io::Result<Role> {
    let (down_read, down_write) = pipe()?;
    let (up_read, up_write) = pipe()?;
    let (records_read, records_write) = pipe()?;
    let slots = (0..SLOTS).map(|_| pipe()).collect::<Result<Vec<_>, _>>()?;
    let (slots_read, slots_write) = slots.into_iter().unzip();
    let children = ChildSignals::new()?;
    match fork()? {
        Forked::Child => Ok(Role::Runner(Seat {
            input: down_read,
            output: up_write,
            snapshots: Snapshots::new(records_write, slots_read),
        })),
        Forked::Parent(runner) => {
            for pipe in [&up_read, &records_read] {
                rustix::fs::fcntl_setfl(pipe, rustix::fs::OFlags::NONBLOCK)?;
            }
            Ok(Role::Keeper(Keeper {
                input,
                output,
                from_parent: Frames::default(),
                from_runner: Frames::default(),
                down: down_write,
                down_read,
                up: up_read,
                records: records_read,
                slots: slots_write,
                sleepers: [None; SLOTS],
                children,
                runner: Some(runner),
                restoring: None,
            }))
        }
    }
}

/// A pipe that no program inherits.
fn pipe() -> io::Result<(File, File)> {
    let (read, write) = io::pipe()?;
    Ok((OwnedFd::from(read).into(), OwnedFd::from(write).into()))
}

/// The process between the parent and the runner.
pub(super) struct Keeper {
    input: File,
    output: File,
    from_parent: Frames,
    from_runner: Frames,
    down: File,
    /// The runner's end, to take back what a dead one has not read.
    down_read: File,
    up: File,
    records: File,
    slots: Vec<File>,
    /// Who sleeps in which slot.
    sleepers: [Option<Pid>; SLOTS],
    children: ChildSignals,
    runner: Option<Pid>,
    /// A state was asked for and is not there yet.
    restoring: Option<usize>,
}

impl Keeper {
    /// Passes frames on until the parent closes its pipe, or something breaks. The exit code.
    pub fn serve(mut self) -> i32 {
        match self.run() {
            Ok(()) | Err(WireError::Closed) => 0,
            Err(_) => super::worker::BROKEN,
        }
    }

    fn run(&mut self) -> Result<(), WireError> {
        loop {
            let mut waits = [
                PollFd::new(&self.input, PollFlags::IN),
                self.children.poll_fd(),
                PollFd::new(&self.up, PollFlags::IN),
                PollFd::new(&self.records, PollFlags::IN),
            ];
            // Without a process at their other ends those two would always be ready.
            let has_runner = self.runner.is_some() || self.restoring.is_some();
            match poll(&mut waits[..if has_runner { 4 } else { 2 }], None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(WireError::Io(error.into())),
            }
            let [orders, deaths, words, news] = waits.map(|wait| !wait.revents().is_empty());
            if news || words {
                // A record that was written before a frame is told before it.
                self.take_records()?;
            }
            if words {
                self.relay()?;
            }
            if deaths {
                for (pid, status) in self.children.take() {
                    self.take_records()?;
                    self.bury(pid, status)?;
                }
            }
            if orders {
                self.from_parent.fill(&mut self.input)?;
                self.take_orders()?;
            }
        }
    }

    /// Passes on what the runner has said.
    fn relay(&mut self) -> Result<(), WireError> {
        match self.from_runner.fill(&mut self.up) {
            // The last of its processes is gone: its death is about to be noticed.
            Ok(()) | Err(WireError::Closed) => {}
            Err(error) => return Err(error),
        }
        loop {
            match self.from_runner.next_raw() {
                Ok(Some(frame)) => self.output.write_all(frame.bytes)?,
                Ok(None) => return Ok(()),
                // A runner that talks nonsense can't be understood again.
                Err(error) => {
                    kill(self.runner);
                    return Err(error);
                }
            }
        }
    }

    fn take_orders(&mut self) -> Result<(), WireError> {
        while let Some(frame) = self.from_parent.next_raw()? {
            if frame.tag != wire::KEEPER {
                // What was meant for a runner that has died since has no meaning.
                if self.runner.is_some() {
                    self.down.write_all(frame.bytes)?;
                }
                continue;
            }
            match frame.message()? {
                ToKeeper::Keep { slot } if slot < SLOTS => {
                    if self.runner.is_some() {
                        wire::send(&mut self.down, &ToWorker::Fork { slot })?;
                    } else {
                        self.tell(&FromWorker::Kept {
                            slot,
                            heap_bytes: None,
                        })?;
                    }
                }
                ToKeeper::Restore { slot } if slot < SLOTS => {
                    self.restoring = Some(slot);
                    if self.runner.is_some() {
                        kill(self.runner);
                    } else {
                        self.wake(slot)?;
                    }
                }
                // Not by a byte through the slot: the next sleeper there could find it.
                ToKeeper::Drop { slot } if slot < SLOTS => kill(self.sleepers[slot].take()),
                ToKeeper::Kill => kill(self.runner),
                ToKeeper::Keep { .. } | ToKeeper::Restore { .. } | ToKeeper::Drop { .. } => {
                    return Err(WireError::Malformed("no such slot".to_owned()));
                }
            }
        }
        Ok(())
    }

    fn take_records(&mut self) -> Result<(), WireError> {
        let mut bytes = [0; RECORD_BYTES];
        // Records are written whole, so they are read whole.
        while matches!(self.records.read(&mut bytes), Ok(RECORD_BYTES)) {
            match Record::read(bytes) {
                Some(Record::Kept {
                    slot,
                    pid,
                    heap_bytes,
                }) => {
                    self.sleepers[slot] = Pid::from_raw(pid);
                    self.tell(&FromWorker::Kept {
                        slot,
                        heap_bytes: Some(heap_bytes),
                    })?;
                }
                Some(Record::NotKept { slot }) => self.tell(&FromWorker::Kept {
                    slot,
                    heap_bytes: None,
                })?,
                Some(Record::Runner { slot, pid })
                    if self.restoring == Some(slot) && self.runner.is_none() =>
                {
                    self.restoring = None;
                    self.runner = Pid::from_raw(pid);
                    self.tell(&FromWorker::Restored { slot })?;
                }
                Some(Record::Died { pid, status }) => self.bury(pid, status)?,
                // Nobody asked for that one.
                Some(Record::Runner { .. }) | None => {}
            }
        }
        Ok(())
    }

    /// Somebody has died: if it was the runner, takes its last words and goes on.
    fn bury(&mut self, pid: i32, status: i32) -> Result<(), WireError> {
        if self.runner.map(Pid::as_raw_nonzero).map(i32::from) != Some(pid) {
            return Ok(());
        }
        self.runner = None;
        while has_input(&self.up) {
            self.relay()?;
        }
        self.from_runner.clear();
        let mut unread = [0; 4096];
        while has_input(&self.down_read) && matches!(self.down_read.read(&mut unread), Ok(1..)) {}
        match self.restoring {
            Some(slot) => self.wake(slot),
            None => self.tell(&FromWorker::RunnerDied { status }),
        }
    }

    fn wake(&mut self, slot: usize) -> Result<(), WireError> {
        Ok(self.slots[slot].write_all(&[WAKE])?)
    }

    fn tell(&mut self, message: &FromWorker) -> Result<(), WireError> {
        wire::send(&mut self.output, message)
    }
}

/// Ends a runner or a snapshot. They have told their numbers themselves: only what belongs to
/// this process group is believed to be one.
fn kill(pid: Option<Pid>) {
    if let Some(pid) = pid
        && pid != rustix::process::getpid()
        && is_of_this_group(pid)
    {
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn is_of_this_group(pid: Pid) -> bool {
    // SAFETY: these calls only ask. The group may have no number in this namespace, which is no
    // `Pid`.
    let (its, ours) = unsafe { (libc::getpgid(pid.as_raw_nonzero().get()), libc::getpgid(0)) };
    its == ours
}

fn has_input(pipe: &File) -> bool {
    let mut waits = [PollFd::new(pipe, PollFlags::IN)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    matches!(poll(&mut waits, Some(&at_once)), Ok(1..))
        && waits[0].revents().contains(PollFlags::IN)
}
