//! Ten thousand cells and a flood: nothing grows.

use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, Instant};

use companion::CodeExecutor;
use companion::protocol::{Language, Limits};

use super::run::family;
use super::{TURN, run_again};

const CELLS: u64 = 5_000;
/// What is measured first: by then every lazy thing has been made.
const WARM: u64 = 1_000;
/// What a cell may leave, in bytes: `In`, `Out` and the source for tracebacks keep it, about one
/// KiB as measured.
const PER_CELL_BYTES: u64 = 2 << 10;
/// A snapshot more or less at the moment of the count, in each language …
const SPARE_PROCESSES: usize = 2;
/// … and the descriptors of one.
const SPARE_DESCRIPTORS: usize = 2 * 24;
/// Set in the process that has only this test to run: its children are all of it.
const ALONE: &str = "COMPANION_TEST_ALONE";

#[test]
fn ten_thousand_cells_leave_nothing_behind() {
    if std::env::var_os(ALONE).is_none() {
        let _turn = TURN
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        run_again(
            "security::endurance::ten_thousand_cells_leave_nothing_behind",
            &[(ALONE, "1")],
        );
        return;
    }
    let executor = CodeExecutor::with_limits(Limits {
        timeout: Some(Duration::from_mins(1)),
        ..Limits::default()
    })
    .expect("the binary is there");
    let mut first = None;
    for count in 1..=CELLS {
        let python = format!("total = sum(range({count}))\nprint(total)\n{{'n': total}}");
        let javascript =
            format!("var total = [...'{count}'].join('-'); console.log(total); ({{ n: total }})");
        for (language, code) in [
            (Language::Python, python),
            (Language::JavaScript, javascript),
        ] {
            let execution = executor.execute(language, &code).expect("a kernel");
            assert!(
                execution.is_ok() && execution.result.is_some(),
                "{execution:?}"
            );
        }
        if count == WARM {
            first = Some(Footprint::take());
        }
    }
    let (first, last) = (first.expect("it was taken"), Footprint::take());
    let bounds = Footprint {
        processes: first.processes + SPARE_PROCESSES,
        descriptors: first.descriptors + SPARE_DESCRIPTORS,
        memory_bytes: first.memory_bytes + 2 * (CELLS - WARM) * PER_CELL_BYTES,
    };
    let has_grown = last.processes > bounds.processes
        || last.descriptors > bounds.descriptors
        || last.memory_bytes > bounds.memory_bytes;
    assert!(!has_grown, "{first:?} became {last:?}");
}

/// What this process and all below it hold.
#[derive(Debug)]
struct Footprint {
    processes: usize,
    descriptors: usize,
    memory_bytes: u64,
}

impl Footprint {
    fn take() -> Self {
        let pids: Vec<u32> = family()
            .into_iter()
            .map(|process| process.pid)
            .chain([std::process::id()])
            .collect();
        let descriptors =
            |pid: &u32| fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        Self {
            processes: pids.len(),
            descriptors: pids.iter().map(descriptors).sum(),
            memory_bytes: pids.iter().map(|&pid| memory(pid)).sum(),
        }
    }
}

/// A process's share of memory: what forks have in common counts once. Without the pages of the
/// binary: how many tests share them changes from moment to moment.
fn memory(pid: u32) -> u64 {
    field(&format!("/proc/{pid}/smaps_rollup"), "Pss_Anon:")
        .or_else(|| field(&format!("/proc/{pid}/status"), "VmRSS:"))
        .unwrap_or(0)
}

/// A number of KiB out of a file of `/proc`, in bytes.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

/// What a flood may add to the parent; 1 GB of it is in `benches/flood.rs`.
const FLOOD_GROWTH_BYTES: u64 = 50 << 20;

#[test]
fn a_flood_of_output_does_not_gather_in_the_parent() {
    let _turn = TURN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let peak = |code: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_companion"))
            .args(["run", "--output", "1024", "--timeout", "120", "-c", code])
            .stdin(std::process::Stdio::null())
            .stdout(File::create("/dev/null").expect("Linux"))
            .spawn()
            .expect("the binary starts");
        let mut peak = 0;
        let status = format!("/proc/{}/status", child.id());
        let started = Instant::now();
        let ended = loop {
            peak = field(&status, "VmHWM:").unwrap_or(0).max(peak);
            if let Some(ended) = child.try_wait().expect("a child of ours") {
                break ended;
            }
            assert!(started.elapsed() < Duration::from_secs(150));
            std::thread::sleep(Duration::from_millis(2));
        };
        assert!(ended.success(), "{ended}");
        peak
    };
    let quiet = peak("import time; print('x'); time.sleep(0.2)");
    let flooded = peak("line = 'x' * 65535\nfor _ in range(4096): print(line)");
    assert!(
        quiet > 0 && flooded < quiet + FLOOD_GROWTH_BYTES,
        "{quiet} bytes at rest, {flooded} in a flood"
    );
}
