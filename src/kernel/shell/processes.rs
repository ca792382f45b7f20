//! What runs, as `/proc` tells it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, Uid, getpid, kill_process};

/// Of the times in `/proc`: the kernel's `USER_HZ`, the same on all that this builds for.
const TICKS_PER_SECOND: u64 = 100;

/// Processes of a cell together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    /// Processes and threads.
    pub count: u64,
    /// Memory that they filled: what is a file's is not counted.
    pub memory_bytes: u64,
    /// What they have had of the processors, with what their children had that they waited for.
    pub cpu_time: Duration,
}

/// Counts what descends from this process.
pub(super) fn census() -> Census {
    let mut census = Census::default();
    for status in descendants() {
        census.count += status.threads;
        census.memory_bytes += status.memory_bytes;
        census.cpu_time += time_on_processors(status.pid).unwrap_or_default();
    }
    census
}

/// Kills what descends from this process, once; `false` if there was nothing.
pub(super) fn kill_descendants() -> bool {
    let found = descendants();
    for signal in [Signal::STOP, Signal::KILL] {
        for pid in found.iter().filter_map(|status| Pid::from_raw(status.pid)) {
            let _ = kill_process(pid, signal);
        }
    }
    !found.is_empty()
}

fn descendants() -> Vec<Status> {
    let mut others: Vec<Status> = pids().filter_map(Status::read).collect();
    let mut found: Vec<Status> = Vec::new();
    let mut parents = vec![getpid().as_raw_nonzero().get()];
    while let Some(parent) = parents.pop() {
        let children = others.extract_if(.., |status| status.parent == parent);
        for child in children {
            parents.push(child.pid);
            found.push(child);
        }
    }
    found
}

/// What a folder takes up on its disk, as far as it can be read; no symbolic link is followed.
pub(super) fn folder_bytes(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(known) = entry.metadata() else {
                continue;
            };
            bytes += known.blocks() * 512;
            if known.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    bytes
}

/// Processes and threads that a user runs, as far as they can be seen.
pub(super) fn of_user(user: Uid) -> u64 {
    pids()
        .filter_map(Status::read)
        .filter(|status| status.user == user.as_raw())
        .map(|status| status.threads)
        .sum()
}

fn pids() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// What a process and the children that it waited for have had of the processors.
fn time_on_processors(pid: i32) -> Option<Duration> {
    let path = Path::new("/proc").join(pid.to_string()).join("stat");
    let ticks = ticks(&fs::read_to_string(path).ok()?)?;
    Some(Duration::from_millis(
        ticks.saturating_mul(1000 / TICKS_PER_SECOND),
    ))
}

/// Fields 14 to 17 of `/proc/PID/stat`: utime, stime, cutime and cstime.
fn ticks(stat: &str) -> Option<u64> {
    // The second field is a name, which may hold anything, a bracket and a space too.
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(11).take(4);
    times
        .map(|ticks| ticks.parse::<u64>().ok())
        .try_fold(0, |sum: u64, ticks| sum.checked_add(ticks?))
}

/// Some lines of `/proc/PID/status`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Status {
    pid: i32,
    parent: i32,
    user: u32,
    threads: u64,
    memory_bytes: u64,
}

impl Status {
    fn read(pid: i32) -> Option<Self> {
        let path = Path::new("/proc").join(pid.to_string()).join("status");
        Self::parse(&fs::read_to_string(path).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut status = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let first = || value.split_whitespace().next();
            match name {
                "Pid" => status.pid = first()?.parse().ok()?,
                "PPid" => status.parent = first()?.parse().ok()?,
                "Uid" => status.user = first()?.parse().ok()?,
                "Threads" => status.threads = first()?.parse().ok()?,
                // A zombie has none.
                "RssAnon" | "RssShmem" => {
                    status.memory_bytes += first()?.parse::<u64>().ok()? << 10;
                }
                _ => {}
            }
        }
        Some(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read() {
        let text = "Name:\tsh\nState:\tR (running)\nPid:\t9\nPPid:\t1\nUid:\t7\t8\t8\t8\nRssAnon:\t     100 kB\nRssFile:\t 5 kB\nRssShmem:\t 28 kB\nThreads:\t3\n";
        let status = Status {
            pid: 9,
            parent: 1,
            user: 7,
            threads: 3,
            memory_bytes: 128 << 10,
        };
        assert_eq!(Status::parse(text), Some(status));
        assert_eq!(Status::parse("PPid:\tx"), None);
    }

    #[test]
    fn the_ticks_are_found_behind_any_name() {
        let stat = "9 (a) b) R 1 2 3 4 5 6 7 8 9 10 100 20 3 4 20 0";
        assert_eq!(ticks(stat), Some(127));
        assert_eq!(ticks("9 (a"), None);
    }

    #[test]
    fn this_process_is_among_those_of_its_user() {
        assert!(of_user(rustix::process::getuid()) >= 1);
    }
}
