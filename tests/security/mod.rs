//! The proof of the sandbox: programs that try to get out, programs that try to hang or to fill,
//! and ordinary programs that have to run unharmed.
//!
//! A case is a file below `escapes/`, `exhaustion/` or `ordinary/`; what stands in its head is
//! told in `README.md`. Whether one got out is told by canaries (a secret file, a variable,
//! listeners, a foreign process, write targets) and never by an error message.
//!
//! Constants below are turned on when what they wait for is there.

mod canary;
mod case;
mod endurance;
mod escapes;
mod exhaustion;
mod ordinary;
mod process;
mod run;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use companion::protocol::Language;

use canary::Canaries;
use case::Case;

/// Whether a killed cell keeps the variables of the cells before it: the keeper's snapshots.
const STATE_SURVIVES: bool = true;
/// Whether the meter counts: `fuel:` in the head of a case is set, and has to be what ends it.
const FUEL_COUNTS: bool = true;
/// Whether the shell has its jail: before that no case of it may run anywhere.
const SHELL_IS_JAILED: bool = true;
/// What a run may be late by: the second that is promised …
const GRACE: Duration = Duration::from_secs(1);
/// … and what a machine may take that builds and tests other things meanwhile: starting a process
/// and being scheduled, not the interpreter.
const SLACK: Duration = Duration::from_secs(4);
/// Cases that run at the same time.
const THREADS: usize = 2;
/// Turns the guards inside the languages off, in debug builds: the wall has to hold alone.
const UNGUARDED: &str = "COMPANION_TEST_UNGUARDED";

/// The folder of the cases.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/security")
}

/// The shell's language, once it has a jail.
fn shell() -> Option<Language> {
    Language::of_path(Path::new("a.sh")).filter(|_| SHELL_IS_JAILED)
}

/// Cases that are known to fail: their names, and why.
fn known_gaps() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("known-gaps.txt")).expect("the list is there");
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split_once(": ").expect("name: reason"))
        .map(|(name, reason)| (name.to_owned(), reason.to_owned()))
        .collect()
}

/// Only one group runs at a time: what they measure is time.
static TURN: Mutex<()> = Mutex::new(());

/// Runs the cases of a group and fails once, with all that is wrong.
fn run_group(cases: &[Case], check: impl Fn(&Case, &mut Canaries) -> Result<(), String> + Sync) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let only = std::env::var("COMPANION_TEST_CASES").ok();
    let cases: Vec<&Case> = cases
        .iter()
        .filter(|case| only.as_ref().is_none_or(|only| case.name.contains(only)))
        .filter(|case| case.language().is_some())
        .collect();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut canaries = Canaries::new();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(reason) = check(case, &mut canaries) {
                        let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                        wrong.insert(case.name.clone(), reason);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    let known = known_gaps();
    let mut surprises: Vec<String> = Vec::new();
    for case in &cases {
        match (wrong.get(&case.name), known.get(&case.name)) {
            (Some(reason), None) => surprises.push(format!("{}: {reason}", case.name)),
            (None, Some(reason)) => surprises.push(format!(
                "{} passes, but known-gaps.txt names it: {reason}",
                case.name
            )),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    surprises.extend(
        process::orphans()
            .into_iter()
            .map(|orphan| format!("a process outlived its run: {orphan}")),
    );
    assert!(
        surprises.is_empty(),
        "{} of {} cases are not as they should be\n\n{}",
        surprises.len(),
        cases.len(),
        surprises.join("\n\n")
    );
}

/// Runs a test of this binary once more, in a process of its own with other variables.
fn run_again(test: &str, variables: &[(&str, &str)]) {
    let output = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args([test, "--exact", "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn there_are_as_many_cases_as_the_plan_asks_for() {
    let count = |folder: &str| case::load(folder).len();
    let escapes = [
        ("escapes/python", 100),
        ("escapes/javascript", 50),
        ("escapes/shell", 80),
    ];
    for (folder, least) in escapes {
        assert!(count(folder) >= least, "{folder}: {}", count(folder));
    }
    let languages = ["python", "javascript", "shell"];
    let all = |kind: &str| -> usize {
        languages
            .iter()
            .map(|language| count(&format!("{kind}/{language}")))
            .sum()
    };
    let (escapes, exhaustion, ordinary) = (all("escapes"), all("exhaustion"), all("ordinary"));
    assert!(exhaustion >= 60, "{exhaustion}");
    assert!(
        ordinary * 3 >= escapes + exhaustion,
        "{ordinary} ordinary programs beside {escapes} + {exhaustion}"
    );
}

#[test]
fn every_known_gap_is_a_case() {
    for name in known_gaps().keys() {
        assert!(root().join(name).is_file(), "{name} is in known-gaps.txt");
    }
}
