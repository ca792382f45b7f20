//! The whole screen, at 60 by 20 and at 200 by 50.

use super::super::layers::Layer;
use super::super::view::tests::{castle, numbers, styles_of, with_grammars};
use super::calls::{calls, tools, two_questions};
use super::sandbox::{finding, given};
use super::*;
use crate::protocol::{
    Artifact, Completion, Completions, GrantScope, LimitKind, NoticeLevel, Question, Severity,
    Variables,
};

/// A bit of everything, the last cell still running.
fn session(desk: &mut Desk) {
    desk.status(Language::Python, KernelStatus::Idle);
    desk.ran(
        Language::Python,
        "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\nfib(20)",
        "",
        Some("6765"),
    );
    let cell = desk.start(Language::JavaScript, "console.error('careful'); [1, 'two']");
    desk.print(cell, Stream::Stderr, "careful\n");
    desk.finish(cell, Status::Ok, Some("[ 1, 'two' ]"));
    let lines = numbers(100);
    desk.ran(
        Language::Python,
        "for n in range(100): print('line', n)",
        &lines,
        None,
    );
    desk.cells += 1;
    let cell = CellId(desk.cells);
    desk.event(Event::ShowStarted {
        cell,
        path: "castle.png".into(),
        at: desk.now,
    });
    desk.event(Event::ArtifactReady {
        cell,
        artifact: Artifact {
            height: 80,
            ..castle()
        },
    });
    let cell = desk.start(Language::Python, "1 / 0");
    let status = Status::Error {
        ename: "ZeroDivisionError".into(),
        evalue: "division by zero".into(),
        traceback: "Traceback (most recent call last):\n  File \"<cell 3>\", line 1, in <module>\n    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero\n".into(),
    };
    desk.finish(cell, status, None);
    let cell = desk.start(Language::Python, "train(epochs=3)");
    desk.print(
        cell,
        Stream::Stdout,
        "epoch 1: loss 0.52\nepoch 2: loss 0.31\n",
    );
    desk.wait(3_400);
    desk.submit(Language::Python, "evaluate()");
    desk.type_text("model.save('weights')");
}

fn session_from_its_top(desk: &mut Desk) {
    session(desk);
    desk.draw(60, 20);
    desk.key("ctrl-pageup");
}

fn completions(desk: &mut Desk) {
    desk.ran(Language::Python, "import math", "", None);
    desk.type_text("math.co");
    desk.key("tab");
    let request = desk.effects.iter().rev().find_map(|effect| match effect {
        AppEffect::Send(Command::Complete { request, .. }) => Some(*request),
        _ => None,
    });
    let item = |(text, kind): (&str, &str)| Completion {
        text: text.into(),
        kind: kind.into(),
    };
    let items = [
        ("comb", "function"),
        ("copysign", "function"),
        ("cos", "function"),
        ("cosh", "function"),
    ];
    desk.event(Event::Completed {
        request: request.expect("asked"),
        completions: Completions {
            start: 5,
            end: 7,
            items: items.map(item).to_vec(),
        },
    });
}

fn history(desk: &mut Desk) {
    desk.event(Event::Recalled {
        entries: vec![
            typed(1, "a", "import json", 90_000),
            typed(2, "a", "def area(r):\n    return 3.14159 * r ** 2", 86_400),
            typed(3, "b", "/show castle.png", 3_600),
            typed(4, "b", "rows = [json.loads(line) for line in lines]", 60),
        ],
    });
    desk.key("ctrl-r");
    desk.type_text("ar");
}

fn help(desk: &mut Desk) {
    desk.enter("/help");
}

fn theme_chooser(desk: &mut Desk) {
    desk.ran(
        Language::Python,
        "'text', 12  # note",
        "",
        Some("('text', 12)"),
    );
    desk.enter("/theme");
}

fn search(desk: &mut Desk) {
    desk.ran(
        Language::Python,
        "for n in range(30): print('line', n)",
        &numbers(30),
        None,
    );
    desk.ran(Language::Python, "'a line, too'", "", Some("'a line, too'"));
    desk.enter("/search line");
}

fn pager(desk: &mut Desk) {
    desk.app.layers.push(Layer::page("Cell 3", &numbers(400)));
    desk.draw(60, 20);
    desk.type_text("/line 7");
}

fn notices(desk: &mut Desk) {
    desk.enter("/hlep");
    desk.event(Event::Notice {
        level: NoticeLevel::Error,
        text: "history is not being kept: can't write /home/ada/.local/share/companion/history.jsonl: no space left on device; free some space".into(),
    });
    desk.event(Event::Notice {
        level: NoticeLevel::Info,
        text: "timeout: 10".into(),
    });
}

fn question(desk: &mut Desk) {
    desk.type_text("half typed");
    let cell = desk.start(Language::Python, "name = input('Your name? ')");
    desk.print(cell, Stream::Stdout, "Your name? ");
    desk.event(Event::InputRequested {
        cell,
        prompt: "Your name? ".into(),
    });
}

fn selected(desk: &mut Desk) {
    desk.ran(Language::Python, "first = 1", "", None);
    desk.ran(Language::Python, "second = 2", "", None);
    desk.draw(60, 20);
    desk.key("alt-up");
}

/// A cell that asks, with what was found in it, above what is half typed.
fn confirmation(desk: &mut Desk) {
    desk.ran(Language::Python, "x = 1", "", None);
    let source = "import subprocess\nsubprocess.run(['git', 'push'])";
    let cell = desk.submit(Language::Python, source);
    desk.event(Event::CellExamined {
        cell,
        findings: vec![finding(
            Severity::Medium,
            1,
            "py-process",
            "imports subprocess, which starts processes; the jail denies them",
        )],
    });
    desk.event(Event::ConfirmationRequested {
        cell,
        question: Question {
            text: "this cell reaches for processes: run it all the same?".into(),
            rule: "severity medium asks".into(),
            wider: Some("Python cells with findings of medium severity".into()),
        },
    });
    desk.type_text("x + 1");
    desk.wait(600);
}

/// A cell that ran although something was found in it, and one with much.
fn findings(desk: &mut Desk) {
    let cell = desk.start(Language::Python, "print(().__class__.__base__)");
    desk.event(Event::CellExamined {
        cell,
        findings: vec![finding(
            Severity::High,
            1,
            "py-dunder-escape",
            "walks from an object to the classes of the interpreter (__base__), as escapes do",
        )],
    });
    desk.print(cell, Stream::Stdout, "<class 'object'>\n");
    desk.finish(cell, Status::Ok, None);
    let cell = desk.start(Language::JavaScript, "eval(a); eval(b); fetch(c)");
    let severities = [
        Severity::Medium,
        Severity::Low,
        Severity::Low,
        Severity::High,
        Severity::Medium,
    ];
    let many = severities.into_iter().enumerate().map(|(at, severity)| {
        let line = u32::try_from(at + 1).expect("few");
        finding(severity, line, "js-eval", "runs a text as a program")
    });
    desk.event(Event::CellExamined {
        cell,
        findings: many.collect(),
    });
    desk.finish(cell, Status::Ok, Some("undefined"));
}

/// Cells that were rolled back, stopped and refused, with a grant that holds.
fn sandbox(desk: &mut Desk) {
    desk.status(Language::Python, KernelStatus::Idle);
    let cell = desk.start(Language::Python, "eval('-' * 3000000)");
    let variables = Variables::RolledBack;
    let message = "the kernel overflowed its stack (signal 11)".into();
    desk.finish(cell, Status::Died { message, variables }, None);
    let cell = desk.start(Language::Python, "sum(range(10**12))");
    desk.finish(cell, Status::Interrupted { variables }, None);
    let cell = desk.start(Language::Python, "s = 'x' * 10**12");
    let status = Status::Limit {
        kind: LimitKind::Memory,
        message: "memory limit of 512 MiB reached".into(),
        variables,
    };
    desk.finish(cell, status, None);
    let cell = desk.submit(Language::Python, "import os; os.system('git push')");
    let message =
        "the policy denies git push (rule \"deny git push\"); see companion policy".into();
    desk.finish(cell, Status::Refused { message }, None);
    desk.event(Event::GrantsChanged {
        grants: vec![given("read /data", GrantScope::Session)],
    });
}

/// More grants than the status line has room for.
fn grants(desk: &mut Desk) {
    desk.event(Event::GrantsChanged {
        grants: vec![
            given("read /data", GrantScope::Session),
            given("net example.org:443", GrantScope::Once),
        ],
    });
}

type Scene = fn(&mut Desk);

/// Letters with a frame that shows the size, and the caret.
fn look(theme: &str, scene: Scene, width: u16, height: u16) -> String {
    with_grammars();
    let mut desk = Desk::with_theme(theme);
    desk.draw(width, height);
    scene(&mut desk);
    let (mut buf, caret) = desk.draw(width, height);
    if let Some(caret) = caret {
        buf[caret].set_symbol("█");
    }
    let text = text_of(&buf);
    let rows: Vec<String> = text.lines().map(|row| format!("│{row}")).collect();
    rows.join("\n")
}

#[test]
fn screens_at_two_widths() {
    let scenes: [(&str, Scene); 19] = [
        ("welcome", |_| {}),
        ("session", session),
        ("session_top", session_from_its_top),
        ("completions", completions),
        ("history", history),
        ("help", help),
        ("theme_chooser", theme_chooser),
        ("search", search),
        ("pager", pager),
        ("notices", notices),
        ("question", question),
        ("selected", selected),
        ("confirmation", confirmation),
        ("findings", findings),
        ("sandbox", sandbox),
        ("grants", grants),
        ("approval", two_questions),
        ("calls", calls),
        ("tools", tools),
    ];
    for (name, scene) in scenes {
        for (width, height) in [(60, 20), (200, 50)] {
            let dark = look("dark", scene, width, height);
            let light = look("light", scene, width, height);
            // The chooser marks the theme that is on.
            let unmarked = |screen: &str| screen.replace('❯', " ");
            assert_eq!(unmarked(&dark), unmarked(&light), "a theme moves nothing");
            insta::assert_snapshot!(format!("{name}_at_{width}"), dark);
        }
    }
}

#[test]
fn colours_of_two_themes() {
    with_grammars();
    let scenes: [(&str, Scene); 9] = [
        ("session", session),
        ("completions", completions),
        ("history", history),
        ("notices", notices),
        ("confirmation", confirmation),
        ("findings", findings),
        ("sandbox", sandbox),
        ("grants", grants),
        ("approval", two_questions),
    ];
    for (name, scene) in scenes {
        for theme in ["dark", "light"] {
            let mut desk = Desk::with_theme(theme);
            desk.draw(60, 20);
            scene(&mut desk);
            let (buf, _) = desk.draw(60, 20);
            insta::assert_snapshot!(format!("{name}_in_{theme}"), styles_of(&buf));
        }
    }
}

#[test]
fn every_size_can_be_drawn() {
    let scenes: [Scene; 15] = [
        session,
        completions,
        history,
        help,
        theme_chooser,
        search,
        pager,
        notices,
        question,
        confirmation,
        findings,
        sandbox,
        two_questions,
        calls,
        tools,
    ];
    for scene in scenes {
        let mut desk = Desk::new();
        desk.draw(80, 24);
        scene(&mut desk);
        for (width, height) in [
            (1, 1),
            (1, 50),
            (200, 1),
            (2, 2),
            (5, 3),
            (13, 4),
            (300, 100),
        ] {
            let (buf, caret) = desk.draw(width, height);
            if let Some(caret) = caret {
                assert!(buf.area.contains(caret), "{caret} on {width}×{height}");
            }
        }
    }
}
