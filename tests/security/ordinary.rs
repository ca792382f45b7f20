//! Ordinary programs: blocking everything is no sandbox.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::canary::Canaries;
use super::case::{self, Case};
use super::run::{self, Bounds};
use super::run_group;

#[test]
fn ordinary_python_runs_unharmed() {
    run_group(&case::load("ordinary/python"), check);
}

#[test]
fn ordinary_javascript_runs_unharmed() {
    run_group(&case::load("ordinary/javascript"), check);
}

#[test]
fn ordinary_shell_runs_unharmed() {
    run_group(&case::load("ordinary/shell"), check);
}

fn check(case: &Case, canaries: &mut Canaries) -> Result<(), String> {
    let expected = fs::read_to_string(case.path.with_extension("out"))
        .map_err(|error| format!("its recorded output: {error}"))?;
    let bounds = Bounds {
        timeout: case.timeout(Duration::from_secs(20)),
        memory_mib: 256,
        is_unguarded: false,
        as_json: false,
    };
    let ran = run::run(canaries, &case.path, &bounds);
    let mut wrong = ran.wrong;
    wrong.extend(canaries.look());
    if ran.status != "ok" {
        wrong.push(format!("it ended as {}: {}", ran.status, ran.text));
    } else if ran.stdout != expected {
        wrong.push(format!("expected {expected:?}, got {:?}", ran.stdout));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}

/// What is recorded is what the real shell prints: the one that is here, too.
#[test]
fn the_recorded_output_of_the_shell_is_that_of_sh() {
    for case in case::load("ordinary/shell") {
        let scratch = tempfile::tempdir().expect("a folder");
        let output = Command::new("sh")
            .arg(&case.path)
            .current_dir(scratch.path())
            .env("HOME", scratch.path())
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .output()
            .expect("sh is there");
        let expected = fs::read_to_string(case.path.with_extension("out")).expect("recorded");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {output:?}", case.name);
        assert_eq!(printed, expected, "{}", case.name);
    }
}
