//! States of kernels: what a killed cell costs, undo, redo, branches.

use std::time::{Duration, Instant};

use companion::CodeExecutor;
use companion::protocol::{Language, LimitKind, Limits, Status, Variables};

fn executor(change: impl FnOnce(&mut Limits)) -> CodeExecutor {
    let mut limits = Limits {
        timeout: Some(Duration::from_mins(1)),
        memory_bytes: 192 << 20,
        ..Limits::default()
    };
    change(&mut limits);
    CodeExecutor::with_limits(limits).expect("a companion binary")
}

fn result(executor: &CodeExecutor, language: Language, code: &str) -> String {
    let execution = executor.execute(language, code).expect("a kernel");
    assert!(execution.is_ok(), "{code}: {execution:?}");
    execution.result.unwrap_or_default()
}

#[test]
fn a_killed_cell_costs_that_cell_only() {
    let cases = [
        // A native loop that nothing interrupts.
        (Language::Python, "x = 2; sum(iter(int, 1))"),
        (Language::JavaScript, "x = 2; new Array(2**32-1).sort()"),
    ];
    for (language, code) in cases {
        let executor = executor(|limits| limits.timeout = Some(Duration::from_secs(1)));
        let first = match language {
            Language::Python => "x = 1",
            _ => "var x = 1",
        };
        result(&executor, language, first);
        for _ in 0..2 {
            let started = Instant::now();
            let execution = executor.execute(language, code).expect("a kernel");
            assert_eq!(
                execution.status.variables(),
                Variables::RolledBack,
                "{execution:?}"
            );
            assert!(
                matches!(
                    execution.status,
                    Status::Limit {
                        kind: LimitKind::Time | LimitKind::Memory,
                        ..
                    }
                ),
                "{code}: {execution:?}"
            );
            assert!(started.elapsed() < Duration::from_secs(5), "{code}");
            assert_eq!(result(&executor, language, "x"), "1", "{code}");
        }
    }
}

#[test]
fn cells_can_be_taken_back_and_brought_back() {
    for language in [Language::Python, Language::JavaScript] {
        let executor = executor(|_| {});
        let assign = |value: u32| match language {
            Language::Python => format!("x = {value}"),
            _ => format!("globalThis.x = {value}"),
        };
        for value in 1..=3 {
            result(&executor, language, &assign(value));
        }
        let timeline = executor.undo(language, 1).expect("one cell");
        assert_eq!((timeline.undo, timeline.redo), (2, 1));
        // The cell that looks is a cell, too: what could be brought back is gone.
        assert_eq!(result(&executor, language, "x"), "2");
        assert!(executor.redo(language, 1).is_err());
        executor.undo(language, 2).expect("the look, and x = 2");
        executor.redo(language, 1).expect("x = 2");
        assert_eq!(result(&executor, language, "x"), "2");
        let error = executor.undo(language, 9).expect_err("not so many");
        assert_eq!(error.to_string(), "9 to undo, and there are 3");
    }
}

#[test]
fn branches_go_on_where_they_were_left() {
    let executor = executor(|_| {});
    let python = Language::Python;
    result(&executor, python, "x = [1]");
    let timeline = executor.branch(python, "trial").expect("a new branch");
    assert_eq!(timeline.branches, ["main", "trial"]);
    assert_eq!(timeline.branch.as_deref(), Some("trial"));
    result(&executor, python, "x.append(2)");
    executor.branch(python, "main").expect("back");
    assert_eq!(result(&executor, python, "x"), "[1]");
    result(&executor, python, "x.append(3)");
    executor.branch(python, "trial").expect("there");
    assert_eq!(result(&executor, python, "x"), "[1, 2]");
    executor.branch(python, "main").expect("back");
    assert_eq!(result(&executor, python, "x"), "[1, 3]");
    assert!(executor.branch(python, "no good").is_err());
    for number in 0..20 {
        if let Err(error) = executor.branch(python, &format!("b{number}")) {
            assert_eq!(number, 9, "{error}");
            assert_eq!(result(&executor, python, "x"), "[1, 3]");
            return;
        }
    }
    panic!("branches without end");
}

#[test]
fn old_states_go_and_processes_with_them() {
    let executor = executor(|_| {});
    for number in 0..60 {
        result(&executor, Language::Python, &format!("x = {number}"));
    }
    executor.undo(Language::Python, 5).expect("five");
    assert_eq!(result(&executor, Language::Python, "x"), "54");
    let error = executor
        .undo(Language::Python, 50)
        .expect_err("not so many");
    assert!(
        error.to_string().starts_with("50 to undo, and there are"),
        "{error}"
    );
}
