//! Questions, findings, grants and undo, from the keys to the screen.

use super::*;
use crate::protocol::{
    Answer, Finding, Grant, GrantScope, Question, SessionGrant, Severity, Timeline,
};

pub(super) fn finding(severity: Severity, line: u32, rule: &str, message: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity,
        line,
        column: 1,
        message: message.to_owned(),
    }
}

pub(super) fn given(grant: &str, scope: GrantScope) -> SessionGrant {
    SessionGrant {
        grant: grant.parse().expect("a grant"),
        scope,
    }
}

/// A cell that asks; keys are answers from now on.
fn asked(desk: &mut Desk, wider: Option<&str>) -> CellId {
    let cell = desk.submit(Language::Python, "open('/etc/passwd')");
    desk.event(Event::ConfirmationRequested {
        cell,
        question: Question {
            text: "this cell reads a file".to_owned(),
            rule: "severity medium".to_owned(),
            wider: wider.map(str::to_owned),
        },
    });
    cell
}

fn read_it(desk: &mut Desk) {
    desk.wait(600);
}

#[test]
fn each_key_is_its_answer() {
    for (key, answer) in [
        ("y", Answer::Once),
        ("s", Answer::Session),
        ("a", Answer::Always),
        ("n", Answer::No),
        ("esc", Answer::No),
        ("ctrl-c", Answer::No),
    ] {
        let mut desk = Desk::new();
        let cell = asked(&mut desk, Some("open(…)"));
        read_it(&mut desk);
        desk.key(key);
        assert_eq!(desk.sent(), [Command::Confirm { cell, answer }], "{key}");
        assert!(desk.app.layers.is_empty());
        desk.event(Event::ConfirmationAnswered { cell });
        desk.type_text("on");
        assert_eq!(desk.app.prompt.text(), "on");
    }
}

#[test]
fn what_has_nothing_wider_offers_nothing_wider() {
    let mut desk = Desk::new();
    let cell = asked(&mut desk, None);
    read_it(&mut desk);
    for key in ["s", "a", "enter", "tab", "x", "ctrl-y", "alt-y"] {
        desk.key(key);
        assert_eq!(desk.sent(), [], "{key}");
    }
    let screen = desk.screen(60, 20);
    assert!(screen.contains("y once · n no"), "{screen}");
    assert!(!screen.contains("always"), "{screen}");
    desk.key("y");
    let answer = Answer::Once;
    assert_eq!(desk.sent(), [Command::Confirm { cell, answer }]);
}

#[test]
fn what_was_being_typed_is_no_answer() {
    let mut desk = Desk::new();
    desk.type_text("d");
    let cell = asked(&mut desk, Some("open(…)"));
    // Half a second has to pass without a key.
    for letter in ["a", "y"] {
        desk.wait(400);
        desk.key(letter);
    }
    assert_eq!(desk.sent(), []);
    assert_eq!(desk.app.prompt.text(), "day");
    assert!(
        desk.app.next_change().is_some(),
        "the keys are still to be shown"
    );
    assert!(!desk.screen(60, 20).contains("y once"));
    // Nor is what is pasted, at any time.
    read_it(&mut desk);
    let paste = TerminalEvent::Paste("s".to_owned());
    let effects = desk.app.handle_terminal(paste, desk.now);
    desk.effects.extend(effects);
    assert_eq!(desk.sent(), []);
    assert_eq!(desk.app.prompt.text(), "days");
    assert!(desk.screen(60, 20).contains("y once"));
    // But it can be stopped at once.
    let second = asked(&mut desk, None);
    desk.key("ctrl-c");
    let answer = Answer::No;
    assert_eq!(
        desk.sent(),
        [Command::Confirm {
            cell: second,
            answer
        }]
    );
    desk.key("n");
    assert_eq!(desk.sent(), [Command::Confirm { cell, answer }]);
    assert_eq!(desk.app.prompt.text(), "days");
}

#[test]
fn a_question_that_nobody_wants_answered_goes() {
    let mut desk = Desk::new();
    let first = asked(&mut desk, None);
    let second = asked(&mut desk, None);
    read_it(&mut desk);
    desk.event(Event::ConfirmationAnswered { cell: second });
    desk.key("y");
    let answer = Answer::Once;
    let sent = desk.sent();
    assert_eq!(
        sent,
        [Command::Confirm {
            cell: first,
            answer
        }]
    );
    assert!(desk.app.layers.is_empty());
}

#[test]
fn what_is_quoted_in_a_question_writes_no_escapes() {
    let mut desk = Desk::new();
    let cell = desk.submit(Language::Python, "x");
    let hostile = "\u{1b}]52;c;aGk=\u{7}\u{202e}\u{9b}2J\nsecond line";
    desk.event(Event::CellExamined {
        cell,
        findings: vec![finding(Severity::High, 1, "py-\u{1b}[2Jrule", hostile)],
    });
    desk.event(Event::ConfirmationRequested {
        cell,
        question: Question {
            text: hostile.to_owned(),
            rule: hostile.to_owned(),
            wider: Some(hostile.to_owned()),
        },
    });
    read_it(&mut desk);
    let screen = desk.screen(60, 30);
    let text = super::super::plain::transcript(&desk.app.transcript);
    for shown in [screen, text] {
        let is_bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!shown.contains(is_bad), "{shown:?}");
        assert!(shown.contains("second line"), "{shown}");
    }
}

#[test]
fn undo_and_redo_are_of_the_language_at_the_prompt() {
    let mut desk = Desk::new();
    let (python, javascript) = (Language::Python, Language::JavaScript);
    let check = |desk: &mut Desk, line: &str, command: Command| {
        desk.enter(line);
        assert_eq!(desk.sent(), [command], "{line}");
    };
    let undo = |language, cells| Command::Undo { language, cells };
    let redo = |language, cells| Command::Redo { language, cells };
    check(&mut desk, "/undo", undo(python, 1));
    check(&mut desk, "/undo 3", undo(python, 3));
    desk.app.language = javascript;
    check(&mut desk, "/redo", redo(javascript, 1));
    check(&mut desk, "/redo 2", redo(javascript, 2));
    let name = "fit".to_owned();
    let language = javascript;
    check(&mut desk, "/branch fit", Command::Branch { language, name });
    for line in ["/undo 0", "/undo -1", "/undo all", "/redo x"] {
        desk.enter(line);
        assert_eq!(desk.sent(), [], "{line}");
        assert!(desk.notices().contains("no number of cells"), "{line}");
    }
}

#[test]
fn branches_are_listed() {
    let mut desk = Desk::new();
    desk.enter("/branch");
    assert!(
        desk.notices().contains("one branch only"),
        "{}",
        desk.notices()
    );
    desk.event(Event::TimelineChanged {
        language: Language::Python,
        timeline: Timeline {
            undo: 3,
            redo: 1,
            branches: vec!["main".into(), "fit".into()],
            branch: Some("fit".into()),
        },
    });
    desk.enter("/branch");
    let screen = desk.screen(60, 20);
    assert!(
        screen.contains("* fit") && screen.contains("  main"),
        "{screen}"
    );
    desk.key("q");
    desk.key("f5");
    let screen = desk.screen(60, 20);
    let told = "3 to undo, 1 to redo, on branch fit";
    assert!(screen.contains(told), "{screen}");
}

#[test]
fn grants_are_given_as_typed_with_absolute_paths() {
    let here = std::env::current_dir().expect("a folder");
    let home = PathBuf::from(std::env::var_os("HOME").expect("a home"));
    let read = |path: PathBuf| Grant::Read { path };
    let cases = [
        ("read /data", read("/data".into()), GrantScope::Session),
        ("read /data once", read("/data".into()), GrantScope::Once),
        (
            "read /a b session",
            read("/a b".into()),
            GrantScope::Session,
        ),
        (
            "read \"/at once\"",
            read("/at once".into()),
            GrantScope::Session,
        ),
        (
            "read data.csv",
            read(here.join("data.csv")),
            GrantScope::Session,
        ),
        ("read .", read(here.clone()), GrantScope::Session),
        ("read ~/x  once", read(home.join("x")), GrantScope::Once),
        (
            "write out:10M once",
            Grant::Write {
                path: here.join("out"),
                max_bytes: 10 << 20,
            },
            GrantScope::Once,
        ),
        (
            "net Example.org:443",
            Grant::Net {
                host: "example.org".into(),
                port: Some(443),
            },
            GrantScope::Session,
        ),
        (
            "env LANG once",
            Grant::Env {
                name: "LANG".into(),
            },
            GrantScope::Once,
        ),
    ];
    let mut desk = Desk::new();
    for (typed, grant, scope) in cases {
        desk.enter(&format!("/allow {typed}"));
        let given = SessionGrant { grant, scope };
        assert_eq!(desk.sent(), [Command::Allow(given)], "{typed}");
    }
    for typed in [
        "",
        " read",
        " everything /",
        " net http://x",
        " once",
        " read once",
    ] {
        desk.enter(&format!("/allow{typed}"));
        assert_eq!(desk.sent(), [], "{typed:?}");
        assert!(
            desk.notices().contains("/allow"),
            "{typed:?}: {}",
            desk.notices()
        );
    }
}

#[test]
fn grants_are_taken_back() {
    let mut desk = Desk::new();
    let grant = Some(Grant::Read {
        path: "/data".into(),
    });
    for (typed, grant) in [("read /data", grant), ("all", None), ("", None)] {
        desk.enter(&format!("/deny {typed}"));
        assert_eq!(desk.sent(), [Command::Deny { grant }], "{typed:?}");
    }
    desk.enter("/deny everything");
    assert_eq!(desk.sent(), []);
    assert!(desk.notices().contains("/grants"), "{}", desk.notices());
}

#[test]
fn changes_of_grants_are_told_and_listed() {
    let mut desk = Desk::new();
    desk.enter("/grants");
    assert!(
        desk.notices().contains("nothing is allowed"),
        "{}",
        desk.notices()
    );
    let (data, lang) = (
        given("read /data", GrantScope::Session),
        given("env LANG", GrantScope::Once),
    );
    let change = |desk: &mut Desk, grants: &[SessionGrant]| {
        desk.app.notices.dismiss();
        desk.event(Event::GrantsChanged {
            grants: grants.to_vec(),
        });
        desk.notices()
    };
    let told = change(&mut desk, std::slice::from_ref(&data));
    assert!(
        told.contains("cells may read /data until the session ends"),
        "{told}"
    );
    assert!(told.contains("/deny read /data takes it back"), "{told}");
    let told = change(&mut desk, &[data.clone(), lang]);
    assert!(
        told.contains("the next cell may see the variable LANG"),
        "{told}"
    );
    assert!(!told.contains("/data"), "{told}");
    desk.enter("/grants");
    let screen = desk.screen(80, 20);
    for row in [
        "read /data",
        "/deny read /data",
        "for the next cell",
        "/deny all",
    ] {
        assert!(screen.contains(row), "{row}: {screen}");
    }
    desk.key("q");
    let told = change(&mut desk, &[data]);
    assert!(told.contains("no longer allowed: env LANG"), "{told}");
}

#[test]
fn findings_beyond_a_few_are_folded_and_the_worst_stay() {
    let mut desk = Desk::new();
    let cell = desk.start(Language::Python, "import os");
    let findings: Vec<Finding> = (1..=6)
        .map(|line| {
            let severity = if line == 5 {
                Severity::High
            } else {
                Severity::Low
            };
            finding(severity, line, "py-import", &format!("finding {line}"))
        })
        .collect();
    desk.event(Event::CellExamined { cell, findings });
    desk.finish(cell, Status::Ok, None);
    let screen = desk.screen(80, 30);
    for shown in ["finding 1", "finding 2", "finding 5", "3 more findings"] {
        assert!(screen.contains(shown), "{shown}: {screen}");
    }
    assert!(!screen.contains("finding 3"), "{screen}");
    desk.enter("/fold");
    assert!(desk.screen(80, 30).contains("finding 6"));
    desk.enter("/fold");
    let screen = desk.screen(80, 30);
    assert!(screen.contains("⋯ 6 findings"), "{screen}");
}

#[test]
fn findings_and_refusals_are_in_the_plain_transcript() {
    let mut desk = Desk::new();
    let cell = desk.submit(Language::Python, "import os");
    desk.event(Event::CellExamined {
        cell,
        findings: vec![finding(
            Severity::Medium,
            1,
            "py-process",
            "starts a process",
        )],
    });
    let message = "the policy denies it".to_owned();
    desk.finish(cell, Status::Refused { message }, None);
    let cell = desk.start(Language::Python, "boom()");
    let message = "stack overflow".to_owned();
    let variables = crate::protocol::Variables::RolledBack;
    desk.finish(cell, Status::Died { message, variables }, None);
    let text = super::super::plain::transcript(&desk.app.transcript);
    assert_eq!(
        text,
        "py   ❯ import os\n\
         [line 1: starts a process (py-process)]\n\
         [not run: the policy denies it]\n\n\
         py 1 ❯ boom()\n\
         [stack overflow, 12 ms, 21 MiB, variables are as before the cell]\n\n"
    );
}
