//! What runs on this machine, out of `/proc`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A process, and the moment when it was started: numbers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    started: u64,
}

/// How long what is ending may take to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

impl Process {
    /// The process of a number, if there is one that has not ended.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = Stat::read(pid)?;
        (stat.state != 'Z').then_some(Self {
            pid,
            started: stat.started,
        })
    }

    /// Whether it runs.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// What it was started as.
    pub fn command(self) -> String {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
        format!("{} ({})", self.pid, text.trim())
    }
}

struct Stat {
    state: char,
    parent: u32,
    started: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in brackets and may hold brackets and blanks itself.
        let mut fields = text.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        // Field 22 of proc(5); the state was field 3.
        let started = fields.nth(17)?.parse().ok()?;
        Some(Self {
            state,
            parent,
            started,
        })
    }
}

/// Adds the children of a process, theirs, and so on.
pub fn descendants(pid: u32, found: &mut BTreeSet<Process>) {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return;
    };
    for task in tasks.flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().flat_map(str::parse) {
            if let Some(process) = Process::of(child)
                && found.insert(process)
            {
                descendants(child, found);
            }
        }
    }
}

/// Waits for processes to end; those that don't.
pub fn survivors(processes: &BTreeSet<Process>) -> Vec<Process> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let alive: Vec<Process> = processes
            .iter()
            .copied()
            .filter(|process| process.is_alive())
            .collect();
        if alive.is_empty() || Instant::now() > deadline {
            return alive;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn all() -> impl Iterator<Item = Process> {
    fs::read_dir("/proc")
        .expect("Linux")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Process::of)
}

/// Processes that have a word in their command line.
pub fn with_word(word: &str) -> Vec<Process> {
    all()
        .filter(|process| process.command().contains(word))
        .collect()
}

/// Workers of this checkout's binary whose parent is gone.
pub fn orphans() -> Vec<String> {
    let ours = [
        Path::new(env!("CARGO_BIN_EXE_companion")).to_owned(),
        std::env::current_exe().expect("this binary"),
    ];
    let is_ours = |pid: u32| {
        fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| ours.contains(&program))
    };
    let find = || -> Vec<Process> {
        all()
            .filter(|process| {
                let program = fs::read_link(format!("/proc/{}/exe", process.pid));
                program.is_ok_and(|program| program == ours[0])
            })
            .filter(|process| Stat::read(process.pid).is_some_and(|stat| !is_ours(stat.parent)))
            .collect()
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = find();
        if found.is_empty() || Instant::now() > deadline {
            return found.into_iter().map(Process::command).collect();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
