//! Examination, confirmation, grants, undo.

use super::super::TravelFailure;
use super::*;
use crate::protocol::{Answer, Grant, GrantScope, Question, SessionGrant};

/// A script that tells of examinations and answers none by itself.
fn careful() -> Script {
    let mut script = Script::new();
    script.lets_all_run = false;
    script
}

fn finding(rule: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Medium,
        line: 1,
        column: 1,
        message: "opens a file".to_owned(),
    }
}

fn question(wider: Option<&str>) -> Verdict {
    Verdict::Ask(Question {
        text: "run it?".to_owned(),
        rule: "severity medium".to_owned(),
        wider: wider.map(str::to_owned),
    })
}

fn answer(cell: u64, answer: Answer) -> Command {
    Command::Confirm {
        cell: CellId(cell),
        answer,
    }
}

fn undo(cells: u32) -> Command {
    Command::Undo {
        language: Language::Python,
        cells,
    }
}

fn redo(cells: u32) -> Command {
    Command::Redo {
        language: Language::Python,
        cells,
    }
}

fn branch(name: &str) -> Command {
    Command::Branch {
        language: Language::Python,
        name: name.to_owned(),
    }
}

fn timeline(undo: u32, redo: u32) -> Timeline {
    Timeline {
        undo,
        redo,
        ..Timeline::default()
    }
}

fn read(path: &str) -> Grant {
    Grant::Read { path: path.into() }
}

fn allow(grant: Grant, scope: GrantScope) -> Command {
    Command::Allow(SessionGrant { grant, scope })
}

impl Script {
    fn examined(self, cell: u64, rules: &[&str], verdict: Verdict) -> Self {
        let report = Report::Examined {
            cell: CellId(cell),
            findings: rules.iter().copied().map(finding).collect(),
            verdict,
        };
        self.report(&format!("examined {cell}"), report)
    }

    fn travelled(self, outcome: Result<Timeline, &str>) -> Self {
        let report = Report::Travelled {
            language: Language::Python,
            outcome: outcome.map_err(|message| TravelFailure {
                message: message.to_owned(),
                variables: Variables::Kept,
            }),
        };
        self.report("travelled", report)
    }

    /// The same with nothing told so far.
    fn forgetful(mut self) -> Self {
        self.told.clear();
        self
    }

    /// After so many cells that ran to their ends.
    fn after(cells: u64) -> Self {
        (1..=cells)
            .fold(Self::new(), |script, cell| {
                let depth = u32::try_from(cell).expect("few");
                script
                    .submit("x")
                    .finished_at(cell, Status::Ok, Some(timeline(depth, 0)))
            })
            .forgetful()
    }
}

#[test]
fn a_cell_is_examined_before_it_starts() {
    careful()
        .submit("1")
        .submit("2")
        .examined(1, &[], Verdict::Run)
        .finished(1, Status::Ok)
        .examined(2, &["py-open", "py-eval"], Verdict::Run)
        .check(
            "
            submit py 1
              submitted 1
              -> examine 1
            submit py 2
              submitted 2
            examined 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            finished 1
              1 ends: Ok
              py is Idle
              -> examine 2
            examined 2
              in 2: py-open, py-eval
              py is Busy
              started 2 as [2]
              -> execute 2 in py as [2]
        ",
        );
}

#[test]
fn what_is_denied_never_starts_and_the_next_one_has_its_turn() {
    let verdict = Verdict::Deny {
        message: "the policy denies it".to_owned(),
    };
    careful()
        .submit("1")
        .submit("2")
        .examined(1, &["py-open"], verdict)
        .examined(2, &[], Verdict::Run)
        .check(
            "
            submit py 1
              submitted 1
              -> examine 1
            submit py 2
              submitted 2
            examined 1
              in 1: py-open
              1 ends: Refused { message: \"the policy denies it\" }
              -> examine 2
            examined 2
              py is Busy
              started 2 as [1]
              -> execute 2 in py as [1]
        ",
        );
}

#[test]
fn a_confirmation_is_answered_once() {
    careful()
        .submit("1")
        .examined(1, &["py-open"], question(None))
        .command(answer(2, Answer::Once))
        .command(answer(1, Answer::Once))
        .command(answer(1, Answer::No))
        .check(
            "
            submit py 1
              submitted 1
              -> examine 1
            examined 1
              in 1: py-open
              may 1? run it?
            Once for 2
            Once for 1
              1 waits no more
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            No for 1
        ",
        );
}

#[test]
fn a_wider_answer_is_remembered_before_the_cell_runs() {
    for (given, word) in [(Answer::Session, "Session"), (Answer::Always, "Always")] {
        careful()
            .submit("1")
            .examined(1, &[], question(Some("open(…)")))
            .command(answer(1, given))
            .check(&format!(
                "
            submit py 1
              submitted 1
              -> examine 1
            examined 1
              may 1? run it?
            {word} for 1
              1 waits no more
              py is Busy
              started 1 as [1]
              -> remember {word} to severity medium
              -> execute 1 in py as [1]
        "
            ));
    }
}

#[test]
fn what_has_nothing_wider_is_allowed_once_only() {
    let script = careful()
        .submit("1")
        .examined(1, &[], question(None))
        .command(answer(1, Answer::Always));
    assert!(script.told.contains("-> execute 1"), "{}", script.told);
    assert!(!script.told.contains("remember"), "{}", script.told);
}

#[test]
fn no_refuses_the_cell_and_the_next_one_has_its_turn() {
    careful()
        .submit("1")
        .submit("2")
        .examined(1, &[], question(Some("open(…)")))
        .command(answer(1, Answer::No))
        .check(
            "
            submit py 1
              submitted 1
              -> examine 1
            submit py 2
              submitted 2
            examined 1
              may 1? run it?
            No for 1
              1 waits no more
              1 ends: Refused { message: \"you said no; asked by the rule \\\"severity medium\\\"\" }
              -> examine 2
        ",
        );
}

#[test]
fn an_interrupt_drops_what_has_not_begun() {
    // While it is looked at: the verdict comes too late.
    careful()
        .submit("1")
        .submit("2")
        .command(Command::Interrupt { cell: None })
        .examined(1, &["py-open"], Verdict::Run)
        .submit("3")
        .check(
            "
            submit py 1
              submitted 1
              -> examine 1
            submit py 2
              submitted 2
            interrupt all
              1 ends: Dropped
              2 ends: Dropped
            examined 1
            submit py 3
              submitted 3
              -> examine 3
        ",
        );
    // While it asks: the answer comes too late.
    careful()
        .submit("1")
        .examined(1, &[], question(None))
        .command(Command::Interrupt { cell: None })
        .command(answer(1, Answer::Once))
        .check(
            "
            submit py 1
              submitted 1
              -> examine 1
            examined 1
              may 1? run it?
            interrupt all
              1 waits no more
              1 ends: Dropped
            Once for 1
        ",
        );
}

#[test]
fn a_restart_and_the_end_drop_what_asks() {
    for (command, rest) in [
        (
            Command::Restart {
                language: Language::Python,
            },
            "
            restart py
              1 waits no more
              1 ends: Dropped
              py is Starting
              -> restart py
        ",
        ),
        (
            Command::Quit,
            "
            quit
              1 waits no more
              1 ends: Dropped
              end
              -> end
        ",
        ),
    ] {
        careful()
            .submit("1")
            .examined(1, &[], question(None))
            .forgetful()
            .command(command)
            .check(rest);
    }
}

#[test]
fn languages_are_examined_beside_each_other() {
    careful()
        .submit("1")
        .submit_in(Language::JavaScript, "2")
        .examined(1, &[], question(None))
        .examined(2, &[], Verdict::Run)
        .check(
            "
            submit py 1
              submitted 1
              -> examine 1
            submit js 2
              submitted 2
              -> examine 2
            examined 1
              may 1? run it?
            examined 2
              js is Busy
              started 2 as [1]
              -> execute 2 in js as [1]
        ",
        );
}

#[test]
fn undo_and_redo_are_told_by_the_counts_that_were_shown() {
    Script::after(3)
        .command(undo(1))
        .travelled(Ok(timeline(2, 1)))
        .command(undo(2))
        .travelled(Ok(timeline(0, 3)))
        .command(redo(1))
        .travelled(Ok(timeline(1, 2)))
        .submit("y")
        .finished_at(4, Status::Ok, Some(timeline(2, 0)))
        .command(undo(1))
        .travelled(Ok(timeline(1, 1)))
        .check(
            "
            undo 1
              py is Busy
              -> Undo(1) in py
            travelled
              py can go 2 back, 1 forth; [] on None
              py is Idle
              notice: took back 1 cell: Python is as before In [3]
            undo 2
              py is Busy
              -> Undo(2) in py
            travelled
              py can go 0 back, 3 forth; [] on None
              py is Idle
              notice: took back 2 cells: Python is as before In [1]
            redo 1
              py is Busy
              -> Redo(1) in py
            travelled
              py can go 1 back, 2 forth; [] on None
              py is Idle
              notice: brought back 1 cell: Python is as after In [1]
            submit py y
              submitted 4
              py is Busy
              started 4 as [4]
              -> execute 4 in py as [4]
            finished 4
              4 ends: Ok
              py can go 2 back, 0 forth; [] on None
              py is Idle
            undo 1
              py is Busy
              -> Undo(1) in py
            travelled
              py can go 1 back, 1 forth; [] on None
              py is Idle
              notice: took back 1 cell: Python is as before In [4]
        ",
        );
}

#[test]
fn branches_are_begun_and_gone_to() {
    let on = |branch: &str, undo| Timeline {
        branches: vec!["main".to_owned(), "fit".to_owned()],
        branch: Some(branch.to_owned()),
        ..timeline(undo, 0)
    };
    Script::after(1)
        .command(branch("fit"))
        .travelled(Ok(on("fit", 1)))
        .submit("y")
        .finished_at(2, Status::Ok, Some(on("fit", 2)))
        .command(branch("main"))
        .travelled(Ok(on("main", 1)))
        .command(undo(1))
        .travelled(Ok(on("main", 0)))
        .command(branch("fit"))
        .travelled(Ok(on("fit", 2)))
        .check(
            "
            branch fit
              py is Busy
              -> Branch(\"fit\") in py
            travelled
              py can go 1 back, 0 forth; [\"main\", \"fit\"] on Some(\"fit\")
              py is Idle
              notice: Python is on the new branch fit; /branch main goes back
            submit py y
              submitted 2
              py is Busy
              started 2 as [2]
              -> execute 2 in py as [2]
            finished 2
              2 ends: Ok
              py can go 2 back, 0 forth; [\"main\", \"fit\"] on Some(\"fit\")
              py is Idle
            branch main
              py is Busy
              -> Branch(\"main\") in py
            travelled
              py can go 1 back, 0 forth; [\"main\", \"fit\"] on Some(\"main\")
              py is Idle
              notice: Python is on branch main, as after In [1]
            undo 1
              py is Busy
              -> Undo(1) in py
            travelled
              py can go 0 back, 0 forth; [\"main\", \"fit\"] on Some(\"main\")
              py is Idle
              notice: took back 1 cell: Python is as before In [1]
            branch fit
              py is Busy
              -> Branch(\"fit\") in py
            travelled
              py can go 2 back, 0 forth; [\"main\", \"fit\"] on Some(\"fit\")
              py is Idle
              notice: Python is on branch fit, as after In [2]
        ",
        );
}

#[test]
fn a_kernel_that_is_lost_on_the_way_counts_anew() {
    let report = Report::Travelled {
        language: Language::Python,
        outcome: Err(TravelFailure {
            message: "the kernel did not get there".into(),
            variables: Variables::Lost,
        }),
    };
    Script::after(2)
        .command(undo(1))
        .report("travelled", report)
        .submit("x")
        .check(
            "
            undo 1
              py is Busy
              -> Undo(1) in py
            travelled
              py can go 0 back, 0 forth; [] on None
              py is Idle
              notice: the kernel did not get there
            submit py x
              submitted 3
              py is Busy
              started 3 as [1]
              -> execute 3 in py as [1]
        ",
        );
}

#[test]
fn a_kernel_that_is_not_idle_does_not_travel() {
    Script::new()
        .command(undo(1))
        .submit("1")
        .command(undo(1))
        .check(
            "
            undo 1
              notice: Python has not started: there is nothing to go back to
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            undo 1
              notice: Python is busy: wait for its cells, or interrupt them
        ",
        );
    careful()
        .submit("1")
        .examined(1, &[], question(None))
        .forgetful()
        .command(undo(1))
        .check(
            "
            undo 1
              notice: Python has a cell that waits for a permission: answer it first
        ",
        );
}

#[test]
fn cells_wait_for_a_kernel_that_travels_and_a_failure_is_told() {
    Script::after(1)
        .command(undo(9))
        .submit("y")
        .travelled(Err("only 1 cell can be taken back"))
        .check(
            "
            undo 9
              py is Busy
              -> Undo(9) in py
            submit py y
              submitted 2
            travelled
              py is Idle
              notice: only 1 cell can be taken back
              py is Busy
              started 2 as [2]
              -> execute 2 in py as [2]
        ",
        );
}

#[test]
fn after_a_restart_there_is_nowhere_to_arrive() {
    Script::after(2)
        .command(undo(1))
        .command(Command::Restart {
            language: Language::Python,
        })
        .travelled(Ok(timeline(1, 1)))
        .report(
            "started",
            Report::KernelStarted {
                language: Language::Python,
                failure: None,
            },
        )
        .check(
            "
            undo 1
              py is Busy
              -> Undo(1) in py
            restart py
              py can go 0 back, 0 forth; [] on None
              py is Starting
              -> restart py
            travelled
            started
              py is Idle
        ",
        );
}

#[test]
fn a_cell_that_was_rolled_back_costs_nothing_else() {
    Script::after(1)
        .submit("boom")
        .submit("next")
        .finished_at(
            2,
            Status::Died {
                message: "stack overflow".into(),
                variables: Variables::RolledBack,
            },
            Some(timeline(1, 0)),
        )
        .finished_at(3, Status::Ok, Some(timeline(2, 0)))
        .command(undo(2))
        .travelled(Ok(timeline(0, 2)))
        .check(
            "
            submit py boom
              submitted 2
              py is Busy
              started 2 as [2]
              -> execute 2 in py as [2]
            submit py next
              submitted 3
            finished 2
              2 ends: Died { message: \"stack overflow\", variables: RolledBack }
              py is Idle
              py is Busy
              started 3 as [3]
              -> execute 3 in py as [3]
            finished 3
              3 ends: Ok
              py can go 2 back, 0 forth; [] on None
              py is Idle
            undo 2
              py is Busy
              -> Undo(2) in py
            travelled
              py can go 0 back, 2 forth; [] on None
              py is Idle
              notice: took back 2 cells: Python is as before In [1]
        ",
        );
}

#[test]
fn grants_of_the_session_hold_for_all_kernels_until_they_are_taken_back() {
    Script::new()
        .command(allow(read("/data"), GrantScope::Session))
        .command(allow(read("/data"), GrantScope::Session))
        .command(allow(Grant::write("/out:1K"), GrantScope::Session))
        .command(allow(Grant::write("/out:2K"), GrantScope::Session))
        .command(Command::Deny {
            grant: Some(Grant::write("/out")),
        })
        .command(Command::Deny {
            grant: Some(read("/else")),
        })
        .command(Command::Deny { grant: None })
        .command(Command::Deny { grant: None })
        .check(
            "
            allow read /data Session
              allowed: [read /data Session]
              -> py may [read /data]
              -> js may [read /data]
              -> sh may [read /data]
            allow read /data Session
              allowed: [read /data Session]
            allow write /out:1K Session
              allowed: [read /data Session, write /out:1K Session]
              -> py may [read /data, write /out:1K]
              -> js may [read /data, write /out:1K]
              -> sh may [read /data, write /out:1K]
            allow write /out:2K Session
              allowed: [read /data Session, write /out:2K Session]
              -> py may [read /data, write /out:2K]
              -> js may [read /data, write /out:2K]
              -> sh may [read /data, write /out:2K]
            deny write /out:64M
              allowed: [read /data Session]
              -> py may [read /data]
              -> js may [read /data]
              -> sh may [read /data]
            deny read /else
              notice: read /else is not allowed anyway; /grants lists what is
            deny all
              allowed: []
              -> py may []
              -> js may []
              -> sh may []
            deny all
              notice: nothing is allowed beyond the jail
        ",
        );
}

#[test]
fn a_grant_for_once_is_the_next_cell_s_alone() {
    Script::new()
        .submit("runs already")
        .command(allow(read("/data"), GrantScope::Once))
        .submit_in(Language::JavaScript, "the next one")
        .finished(1, Status::Ok)
        .submit("beside it")
        .finished(2, Status::Ok)
        .check(
            "
            submit py runs already
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            allow read /data Once
              allowed: [read /data Once]
            submit js the next one
              submitted 2
              js is Busy
              started 2 as [1]
              -> js may [read /data]
              -> execute 2 in js as [1]
            finished 1
              1 ends: Ok
              py is Idle
            submit py beside it
              submitted 3
              py is Busy
              started 3 as [2]
              -> execute 3 in py as [2]
            finished 2
              2 ends: Ok
              allowed: []
              js is Idle
              -> js may []
        ",
        );
}

#[test]
fn what_never_runs_uses_no_grant_up() {
    let script = careful()
        .command(allow(read("/data"), GrantScope::Once))
        .submit("1")
        .examined(1, &[], question(None))
        .command(answer(1, Answer::No))
        .forgetful()
        .submit("2")
        .examined(2, &[], Verdict::Run);
    script.check(
        "
            submit py 2
              submitted 2
              -> examine 2
            examined 2
              py is Busy
              started 2 as [1]
              -> py may [read /data]
              -> execute 2 in py as [1]
        ",
    );
}
