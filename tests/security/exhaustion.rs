//! Programs that try to hang, to fill, or to bring down.

use std::time::{Duration, Instant};

use companion::protocol::{Language, LimitKind, Limits, Status, Variables};
use companion::{CodeExecutor, Execution};

use super::canary::Canaries;
use super::case::{self, Case};
use super::{FUEL_COUNTS, GRACE, SLACK, STATE_SURVIVES, run_group};

const TIMEOUT: Duration = Duration::from_millis(1500);
const MEMORY_BYTES: u64 = 128 << 20;
const OUTPUT_BYTES: u64 = 1 << 20;
/// How a case may end if its head does not say so.
const ENDINGS: &str = "limit error died";

#[test]
fn python_is_bounded() {
    run_group(&case::load("exhaustion/python"), check);
}

#[test]
fn javascript_is_bounded() {
    run_group(&case::load("exhaustion/javascript"), check);
}

#[test]
fn the_shell_is_bounded() {
    run_group(&case::load("exhaustion/shell"), check);
}

/// A cell before, which leaves a variable; the case, all its cells; a cell after, which looks.
fn check(case: &Case, canaries: &mut Canaries) -> Result<(), String> {
    let language = case.language().expect("the group has only such");
    let timeout = case.timeout(TIMEOUT);
    let limits = Limits {
        timeout: Some(timeout),
        memory_bytes: MEMORY_BYTES,
        output_bytes: OUTPUT_BYTES,
        fuel: case.fuel().filter(|_| FUEL_COUNTS),
        ..Limits::default()
    };
    let executor = CodeExecutor::with_limits(limits).map_err(|error| error.to_string())?;
    let run = |source: &str| {
        executor
            .execute(language, source)
            .map_err(|error| format!("there was no kernel: {error}"))
    };
    let [before, after, value] = probe(case);
    let first = run(before)?;
    if !first.is_ok() {
        return Err(format!("the cell before failed: {first:?}"));
    }
    let mut wrong = Vec::new();
    let mut fate = Variables::Kept;
    for cell in &case.cells {
        let started = Instant::now();
        let execution = run(&canaries.fill(&cell.source))?;
        let taken = started.elapsed();
        if taken > timeout + GRACE + SLACK {
            wrong.push(format!("it took {taken:.1?}"));
        }
        wrong.extend(is_bounded(case, &execution));
        match execution.status.variables() {
            Variables::Kept => {}
            worse => fate = worse,
        }
    }
    let probed = run(after)?;
    let seen = probed.result.as_deref().unwrap_or(&probed.output).trim();
    if fate == Variables::Lost {
        if STATE_SURVIVES {
            wrong.push("the variables are lost".to_owned());
        }
        // A cell that the kernel of any language can run.
        let works = run(if case.is_shell() { "true" } else { "1 + 1" })?;
        if !works.is_ok() {
            wrong.push(format!("the next cell does not work: {works:?}"));
        }
    } else if seen != value {
        let (status, output) = (&probed.status, &probed.output);
        wrong.push(format!(
            "the variables are {fate:?}, but keep is {seen:?} ({status:?}, {output:?})"
        ));
    }
    drop(executor);
    wrong.extend(canaries.look());
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}

/// What is wrong with an end.
fn is_bounded(case: &Case, execution: &Execution) -> Vec<String> {
    let mut wrong = Vec::new();
    let status = match &execution.status {
        Status::Ok | Status::Exit { code: 0 } => "ok",
        Status::Error { .. } | Status::Exit { .. } => "error",
        Status::Interrupted { .. } => "interrupted",
        Status::Limit { .. } => "limit",
        Status::Died { .. } => "died",
        Status::Refused { .. } => "refused",
        Status::Dropped => "dropped",
    };
    if !case.expects(status, ENDINGS) {
        wrong.push(format!(
            "it ended as {status}: {:?}",
            execution.error().unwrap_or_default()
        ));
    }
    if FUEL_COUNTS && case.fuel().is_some() {
        let is_fuel = matches!(
            execution.status,
            Status::Limit {
                kind: LimitKind::Fuel,
                ..
            }
        );
        if !is_fuel {
            wrong.push(format!("not its fuel ended it: {:?}", execution.status));
        }
    }
    if execution.peak_memory_bytes > MEMORY_BYTES + (32 << 20) {
        wrong.push(format!("it held {} MiB", execution.peak_memory_bytes >> 20));
    }
    let printed = execution.output.len() + execution.stderr.len();
    if printed as u64 > OUTPUT_BYTES {
        wrong.push(format!("it printed {printed} bytes"));
    }
    wrong
}

/// What sets the state, what shows it, and what is to be seen.
fn probe(case: &Case) -> [&'static str; 3] {
    if case.is_shell() {
        ["echo 1 2 3 > keep", "cat keep", "1 2 3"]
    } else if case.language() == Some(Language::Python) {
        ["keep = [1, 2, 3]", "keep", "[1, 2, 3]"]
    } else {
        ["var keep = [1, 2, 3]", "keep", "[ 1, 2, 3 ]"]
    }
}
