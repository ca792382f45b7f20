//! Snapshots: forks of a runner that sleep until they are woken.

use std::fs::File;
use std::io::{self, Read, Write};
#[cfg(target_os = "linux")]
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, WaitOptions, waitpid};

/// How many states can be kept.
pub(super) const SLOTS: usize = 12;

/// Says to a snapshot: wake up.
pub(super) const WAKE: u8 = b'w';

/// News from runners and snapshots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Record {
    /// A state is kept by this process, of so many heap bytes.
    Kept {
        slot: usize,
        pid: i32,
        heap_bytes: u64,
    },
    /// It could not be.
    NotKept { slot: usize },
    /// This process is the runner now.
    Runner { slot: usize, pid: i32 },
    /// A child that had been the runner is dead.
    Died { pid: i32, status: i32 },
}

pub(super) const RECORD_BYTES: usize = 16;

impl Record {
    pub fn send(self, records: &File) {
        let (kind, slot, pid, value) = match self {
            Self::Kept {
                slot,
                pid,
                heap_bytes,
            } => (1, slot, pid, heap_bytes),
            Self::NotKept { slot } => (2, slot, 0, 0),
            Self::Runner { slot, pid } => (3, slot, pid, 0),
            Self::Died { pid, status } => (4, 0, pid, u64::from(status.cast_unsigned())),
        };
        let mut bytes = [0; RECORD_BYTES];
        bytes[0] = kind;
        bytes[1] = u8::try_from(slot).unwrap_or(u8::MAX);
        bytes[4..8].copy_from_slice(&pid.to_le_bytes());
        bytes[8..].copy_from_slice(&value.to_le_bytes());
        // A keeper that is gone needs no news.
        let _ = { records }.write_all(&bytes);
    }

    pub fn read(bytes: [u8; RECORD_BYTES]) -> Option<Self> {
        let [kind, slot, _, _, a, b, c, d, value @ ..] = bytes;
        let slot = usize::from(slot);
        let pid = i32::from_le_bytes([a, b, c, d]);
        let value = u64::from_le_bytes(value);
        match kind {
            _ if slot >= SLOTS => None,
            1 => Some(Self::Kept {
                slot,
                pid,
                heap_bytes: value,
            }),
            2 => Some(Self::NotKept { slot }),
            3 => Some(Self::Runner { slot, pid }),
            4 => Some(Self::Died {
                pid,
                status: i32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]),
            }),
            _ => None,
        }
    }
}

/// A runner's way to leave snapshots behind.
pub(super) struct Snapshots {
    /// [`Record`]s to the keeper; each is small enough to be written whole or not at all.
    records: File,
    /// What a snapshot sleeps on.
    slots: Vec<File>,
}

impl Snapshots {
    /// From the runner's ends of the pipes.
    pub fn new(records: File, slots: Vec<File>) -> Self {
        Self { records, slots }
    }

    /// How many there can be.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Forks. The child sleeps; returns false in the parent, and true in each process that the
    /// child becomes. The caller holds every lock that those will take.
    pub fn fork(&self, slot: usize, heap_bytes: u64) -> bool {
        // Those that were told to end meanwhile.
        dead_children();
        let record = match self.slots.get(slot).map(|_| fork()) {
            Some(Ok(Forked::Child)) => {
                self.sleep(slot);
                return true;
            }
            Some(Ok(Forked::Parent(pid))) => Record::Kept {
                slot,
                pid: pid.as_raw_nonzero().get(),
                heap_bytes,
            },
            Some(Err(_)) | None => Record::NotKept { slot },
        };
        record.send(&self.records);
        false
    }

    /// Tells the keeper that a woken process is ready.
    pub fn announce(&self, slot: usize) {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        Record::Runner { slot, pid }.send(&self.records);
    }

    /// The life of a snapshot. Returns in the runners that it becomes.
    fn sleep(&self, slot: usize) {
        let Ok(mut children) = ChildSignals::new() else {
            leave(1);
        };
        loop {
            let mut waits = [
                PollFd::new(&self.slots[slot], PollFlags::IN),
                children.poll_fd(),
            ];
            match poll(&mut waits, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => leave(1),
            }
            let [order, death] = waits.map(|wait| !wait.revents().is_empty());
            if death {
                for (pid, status) in children.take() {
                    Record::Died { pid, status }.send(&self.records);
                }
            }
            if order {
                let mut byte = [0];
                match (&self.slots[slot]).read(&mut byte) {
                    Ok(1) if byte[0] == WAKE => {
                        if let Ok(Forked::Child) = fork() {
                            return;
                        }
                    }
                    // The keeper is gone.
                    _ => leave(0),
                }
            }
        }
    }
}

/// Which side of a fork this is.
pub(super) enum Forked {
    Parent(Pid),
    Child,
}

/// `fork(2)`. The child has the calling thread only: locks that others hold stay locked there.
pub(super) fn fork() -> io::Result<Forked> {
    // SAFETY: callers hold every lock of ours that the child will take, and the C library looks
    // after its own.
    match unsafe { libc::fork() } {
        0 => Ok(Forked::Child),
        pid => Pid::from_raw(pid)
            .filter(|_| pid > 0)
            .map(Forked::Parent)
            .ok_or_else(io::Error::last_os_error),
    }
}

/// Ends this process without the destructors of whatever was inherited over a fork.
pub(super) fn leave(code: i32) -> ! {
    // SAFETY: ends the process; nothing runs after it.
    unsafe { libc::_exit(code) }
}

/// `SIGCHLD` as something to poll.
pub(super) struct ChildSignals(File);

impl ChildSignals {
    /// Blocks the signal for the calling thread.
    #[cfg(target_os = "linux")]
    pub fn new() -> io::Result<Self> {
        // SAFETY: the set is initialised before it is used, and lives long enough.
        let fd = unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, libc::SIGCHLD);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call above gave it to us, and nobody else knows it.
        Ok(Self(File::from(unsafe { OwnedFd::from_raw_fd(fd) })))
    }

    /// Has a handler write to a socket. Forks write there too, which wakes in vain and no more.
    #[cfg(not(target_os = "linux"))]
    pub fn new() -> io::Result<Self> {
        let (read, write) = std::os::unix::net::UnixStream::pair()?;
        read.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(libc::SIGCHLD, write)?;
        Ok(Self(File::from(OwnedFd::from(read))))
    }

    pub fn poll_fd(&self) -> PollFd<'_> {
        PollFd::new(&self.0, PollFlags::IN)
    }

    /// The children that have died, with their status.
    pub fn take(&mut self) -> Vec<(i32, i32)> {
        let mut bytes = [0; 1024];
        while matches!(self.0.read(&mut bytes), Ok(1..)) {}
        dead_children()
    }
}

/// The children that have died, with their status.
pub(super) fn dead_children() -> Vec<(i32, i32)> {
    let dead = || waitpid(None, WaitOptions::NOHANG).ok().flatten();
    std::iter::from_fn(dead)
        .map(|(pid, status)| (pid.as_raw_nonzero().get(), status.as_raw()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_their_bytes() {
        let (read, write) = rustix::pipe::pipe().expect("a pipe");
        let (mut read, write) = (File::from(read), File::from(write));
        for record in [
            Record::Kept {
                slot: 3,
                pid: 5,
                heap_bytes: u64::MAX,
            },
            Record::NotKept { slot: SLOTS - 1 },
            Record::Runner { slot: 0, pid: 77 },
            Record::Died {
                pid: 78,
                status: 139,
            },
        ] {
            record.send(&write);
            let mut bytes = [0; RECORD_BYTES];
            read.read_exact(&mut bytes).expect("a record");
            assert_eq!(Record::read(bytes), Some(record));
        }
        assert_eq!(Record::read([9; RECORD_BYTES]), None);
        assert_eq!(Record::read([0; RECORD_BYTES]), None);
    }
}
