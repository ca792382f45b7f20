//! What the app makes of keys and events.

use super::super::prompt::Recall;
use super::*;
use crate::protocol::{Cell, NoticeLevel, Origin, SettingChange, Variables};

/// The history as Ctrl-R lists it, newest first.
fn listed(desk: &mut Desk) -> Vec<String> {
    desk.key("ctrl-r");
    let screen = desk.screen(80, 40);
    desk.key("esc");
    let rows = screen
        .lines()
        .skip_while(|row| !row.contains("history:"))
        .skip(1);
    rows.take_while(|row| !row.starts_with("search"))
        .filter(|row| !row.trim().is_empty())
        .map(|row| {
            row.split_once(" py ")
                .map_or(row, |(_, line)| line)
                .trim()
                .to_owned()
        })
        .collect()
}

#[test]
fn a_line_is_sent_and_remembered() {
    let mut desk = Desk::new();
    desk.enter("1 + 1");
    assert!(desk.app.prompt.is_empty());
    let remember = AppEffect::Send(Command::Remember {
        language: Language::Python,
        source: "1 + 1".into(),
        kind: HistoryKind::Cell,
    });
    assert!(desk.effects.contains(&remember), "{:?}", desk.effects);
    let cell = Cell {
        language: Language::Python,
        source: "1 + 1".into(),
        origin: Origin::User,
    };
    assert_eq!(desk.sent(), [Command::Submit(cell)]);

    // Nothing is no cell; a private line is run and not remembered.
    desk.enter("   ");
    assert_eq!(desk.sent(), []);
    desk.enter(" secret = 1");
    let is_remembered =
        |effect: &AppEffect| matches!(effect, AppEffect::Send(Command::Remember { .. }));
    assert!(
        !desk.effects.iter().any(is_remembered),
        "{:?}",
        desk.effects
    );
    assert_eq!(desk.sent().len(), 1);
}

#[test]
fn one_line_of_the_other_language_does_not_switch() {
    let mut desk = Desk::new();
    desk.enter("/js 1 + 1");
    let cell = Cell {
        language: Language::JavaScript,
        source: "1 + 1".into(),
        origin: Origin::User,
    };
    assert_eq!(desk.sent(), [Command::Submit(cell)]);
    assert_eq!(desk.app.language, Language::Python);
    desk.enter("/js");
    let language = SettingChange::Language(Language::JavaScript);
    assert_eq!(desk.sent(), [Command::Set(language)]);
    assert_eq!(desk.app.language, Language::JavaScript);
}

#[test]
fn an_exclamation_mark_runs_a_line_of_shell() {
    let mut desk = Desk::new();
    let cell = |language, source: &str| {
        Command::Submit(Cell {
            language,
            source: source.into(),
            origin: Origin::User,
        })
    };
    desk.enter("!ls -l");
    assert!(desk.sent().contains(&cell(Language::Shell, "ls -l")));
    assert_eq!(desk.app.language, Language::Python);
    desk.app.switch_language(Language::JavaScript);
    desk.sent();
    desk.enter("!x");
    assert!(desk.sent().contains(&cell(Language::JavaScript, "!x")));
    desk.enter("/sh ! true");
    assert!(desk.sent().contains(&cell(Language::Shell, "! true")));
}

#[test]
fn a_question_borrows_the_prompt() {
    let mut desk = Desk::new();
    let cell = desk.start(Language::Python, "input('a'); input('b')");
    desk.type_text("half a thought");
    for line in ["one", "two"] {
        desk.event(Event::InputRequested {
            cell,
            prompt: "? ".into(),
        });
        assert!(desk.app.prompt.is_empty());
        desk.type_text(line);
        desk.key("enter");
        let line = Some(line.to_owned());
        assert_eq!(desk.sent(), [Command::Reply { cell, line }]);
        desk.event(Event::InputAnswered { cell });
        assert_eq!(desk.app.prompt.text(), "half a thought");
    }
    // An answer is no line of the history, and a slash in it no command.
    desk.event(Event::InputRequested {
        cell,
        prompt: "? ".into(),
    });
    desk.type_text("/quit");
    desk.key("esc");
    desk.key("enter");
    let line = Some("/quit".to_owned());
    assert_eq!(
        desk.effects,
        [AppEffect::Send(Command::Reply { cell, line })]
    );
    desk.effects.clear();

    // A cell that ends without an answer gives the prompt back too.
    desk.event(Event::InputRequested {
        cell,
        prompt: "? ".into(),
    });
    desk.finish(
        cell,
        Status::Interrupted {
            variables: Variables::Kept,
        },
        None,
    );
    assert_eq!(desk.app.prompt.text(), "half a thought");
    assert!(desk.app.question.is_none());
}

#[test]
fn ctrl_d_is_the_end_of_the_input_or_of_the_session() {
    let mut desk = Desk::new();
    let cell = desk.start(Language::Python, "input()");
    desk.event(Event::InputRequested {
        cell,
        prompt: String::new(),
    });
    desk.key("ctrl-d");
    assert_eq!(desk.sent(), [Command::Reply { cell, line: None }]);
    desk.event(Event::InputAnswered { cell });
    desk.type_text("x");
    desk.key("ctrl-d");
    assert_eq!(desk.sent(), [], "with text it deletes");
    desk.key("backspace");
    desk.key("ctrl-d");
    assert_eq!(desk.sent(), [Command::Quit]);
    desk.event(Event::SessionEnded { at: desk.now });
    assert_eq!(desk.asked(), [AppEffect::Quit]);
}

#[test]
fn ctrl_c_stops_what_runs_or_says_how_to_leave() {
    let mut desk = Desk::new();
    desk.key("ctrl-c");
    assert_eq!(desk.sent(), []);
    assert!(desk.notices().contains("Ctrl-D"), "{}", desk.notices());
    desk.start(Language::Python, "while True: pass");
    desk.key("ctrl-c");
    assert_eq!(desk.sent(), [Command::Interrupt { cell: None }]);
}

#[test]
fn histories_of_other_instances_are_merged_in_their_order() {
    let mut desk = Desk::new();
    let own = desk.app.session.0.clone();
    desk.event(Event::Recalled {
        entries: vec![typed(1, "a", "oldest", 50), typed(2, "a", "older", 40)],
    });
    desk.enter("mine");
    desk.sent();
    desk.key("ctrl-r");
    desk.key("esc");
    assert_eq!(desk.sent(), [Command::Recall { after: 2 }]);
    // Our own line comes back with its id; the other instance wrote before and after it.
    let mut after = typed(5, "b", "theirs, after", 0);
    after.at.0 += 1;
    desk.event(Event::Recalled {
        entries: vec![
            typed(3, "b", "theirs, before", 30),
            typed(4, &own, "mine", 0),
            after,
        ],
    });
    assert_eq!(
        listed(&mut desk),
        [
            "› 0s theirs, after",
            "0s mine",
            "30s theirs, before",
            "40s older",
            "50s oldest"
        ]
        .map(|row| row.rsplit_once("s ").map_or(row, |(_, line)| line))
    );
    assert!(desk.sent().contains(&Command::Recall { after: 5 }));
    // Nothing new changes nothing.
    desk.event(Event::Recalled { entries: vec![] });
    assert_eq!(listed(&mut desk).len(), 5);
    // Up stays within this session.
    desk.key("up");
    assert_eq!(desk.app.prompt.text(), "mine");
    desk.key("up");
    assert_eq!(desk.app.prompt.text(), "mine");
}

#[test]
fn a_line_repeated_is_remembered_once() {
    let mut desk = Desk::new();
    desk.enter("again");
    desk.enter("again");
    let remembered = desk
        .effects
        .iter()
        .filter(|effect| matches!(effect, AppEffect::Send(Command::Remember { .. })));
    assert_eq!(remembered.count(), 1);
    assert_eq!(desk.sent().len(), 2, "and run twice");
}

#[test]
fn paths_are_taken_as_typed() {
    let mut desk = Desk::new();
    let home = PathBuf::from(std::env::var_os("HOME").expect("a home"));
    for (typed, path) in [
        ("a b.png", PathBuf::from("a b.png")),
        ("\"a b.png\"", PathBuf::from("a b.png")),
        ("'it.png'", PathBuf::from("it.png")),
        ("../up.png", PathBuf::from("../up.png")),
        ("/abs.png", PathBuf::from("/abs.png")),
        ("~/x.png", home.join("x.png")),
        ("~", home),
        ("~other/x.png", PathBuf::from("~other/x.png")),
        ("'", PathBuf::from("'")),
    ] {
        desk.enter(&format!("/show {typed}"));
        assert_eq!(desk.sent(), [Command::Show { path }], "{typed}");
    }
    desk.enter("/export out.txt");
    let path = PathBuf::from("out.txt");
    assert_eq!(desk.asked(), [AppEffect::Export(path)]);
    for command in ["/show", "/export"] {
        desk.enter(command);
        assert_eq!((desk.sent(), desk.asked()), (vec![], vec![]));
        let wants = format!("{command} wants PATH");
        assert!(desk.notices().contains(&wants), "{}", desk.notices());
    }
}

#[test]
fn copy_takes_a_cell_and_a_part_in_any_order() {
    let mut desk = Desk::new();
    desk.enter("/copy");
    assert_eq!(desk.asked(), []);
    assert!(desk.notices().contains("there is no cell yet"));
    desk.ran(Language::Python, "print('a')", "a\n", None);
    desk.ran(Language::Python, "'b'", "", Some("'b'"));
    for (arguments, text) in [
        ("1 source", "print('a')"),
        ("source 1", "print('a')"),
        ("1 output", "a\n"),
        ("output", "'b'\n"),
        ("source", "'b'"),
    ] {
        desk.enter(&format!("/copy {arguments}"));
        assert_eq!(desk.asked(), [AppEffect::Copy(text.into())], "{arguments}");
    }
    desk.enter("/copy");
    let all = "py 2 ❯ 'b'\n'b'\n[12 ms, 21 MiB]\n";
    assert_eq!(desk.asked(), [AppEffect::Copy(all.into())]);
    for wrong in ["3", "nonsense", "0", "-1", "99999999999999999999"] {
        desk.enter(&format!("/copy {wrong}"));
        assert_eq!(desk.asked(), [], "{wrong}");
        let no_cell = format!("there is no cell {wrong}");
        assert!(desk.notices().contains(&no_cell), "{}", desk.notices());
    }
}

#[test]
fn settings_say_what_they_take() {
    let mut desk = Desk::new();
    for (wrong, said) in [
        (
            "timeout soon",
            "timeout takes a number of seconds, not \"soon\"",
        ),
        ("timeout -1", "timeout takes a number of seconds"),
        ("timeout NaN", "timeout takes a number of seconds"),
        ("memory 1", "memory takes a number of MiB from 16 on"),
        ("output 0", "output takes a number of MiB from 1 on"),
        (
            "output 99999999999999999999",
            "output takes a number of MiB",
        ),
        ("keys nano", "keys takes emacs or vi"),
        ("language cobol", "language takes py, js or sh"),
        ("colour blue", "there is no setting colour"),
    ] {
        desk.enter(&format!("/set {wrong}"));
        assert_eq!(desk.sent(), [], "{wrong}");
        assert!(desk.notices().contains(said), "{wrong}: {}", desk.notices());
    }
    let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
    for (right, change) in [
        ("timeout 10", SettingChange::Timeout(seconds(10.0))),
        ("timeout 0.5s", SettingChange::Timeout(seconds(0.5))),
        ("timeout 0", SettingChange::Timeout(None)),
        ("memory 128", SettingChange::MemoryBytes(128 << 20)),
        ("output  2 MiB", SettingChange::OutputBytes(2 << 20)),
        (
            "cpu 2.5",
            SettingChange::CpuTime(Some(Duration::from_millis(2500))),
        ),
        ("fuel 1000000", SettingChange::Fuel(Some(1_000_000))),
        ("fuel 0", SettingChange::Fuel(None)),
        ("language js", SettingChange::Language(Language::JavaScript)),
    ] {
        desk.enter(&format!("/set {right}"));
        assert_eq!(desk.sent(), [Command::Set(change)], "{right}");
    }
    desk.enter("/set keys vi");
    assert_eq!(desk.app.prompt.mode(), EditModeKind::Vi);
}

#[test]
fn the_chosen_cell_is_the_selected_one_or_the_last() {
    let mut desk = Desk::new();
    desk.draw(80, 24);
    assert_eq!(desk.app.chosen_cell(), None);
    desk.ran(Language::Python, "one", "", None);
    desk.ran(Language::Python, "two", "", None);
    // A picture is not meant.
    desk.cells += 1;
    desk.event(Event::ShowStarted {
        cell: CellId(desk.cells),
        path: "x.png".into(),
        at: desk.now,
    });
    desk.draw(80, 24);
    assert_eq!(desk.app.chosen_cell(), Some(CellId(2)));
    desk.key("alt-up");
    desk.key("alt-up");
    desk.key("alt-up");
    assert_eq!(desk.app.chosen_cell(), Some(CellId(1)));
    // Esc lets go, and so does a new cell.
    desk.key("esc");
    assert_eq!(desk.app.chosen_cell(), Some(CellId(2)));
    desk.key("alt-up");
    desk.enter("three");
    assert_eq!(desk.app.view.selected(), None);
}

#[test]
fn notices_go_by_themselves() {
    let mut desk = Desk::new();
    assert_eq!(desk.app.next_change(), None);
    desk.event(Event::Notice {
        level: NoticeLevel::Info,
        text: "good to know".into(),
    });
    assert!(desk.screen(60, 20).contains("good to know"));
    let change = desk.app.next_change().expect("a time");
    desk.wait(u64::try_from(change.as_millis()).expect("soon"));
    assert!(!desk.screen(60, 20).contains("good to know"));
    assert_eq!(desk.app.next_change(), None);
    // A failed kernel says so, and so does the status line.
    desk.status(
        Language::Python,
        KernelStatus::Failed("no memory for it".into()),
    );
    let screen = desk.screen(60, 20);
    assert!(screen.contains("no memory for it"), "{screen}");
    assert!(screen.contains("no kernel"), "{screen}");
}

#[test]
fn control_sequences_of_a_program_stay_text() {
    let mut desk = Desk::new();
    let evil = "\u{1b}]0;title\u{7}\u{1b}[2Jgone\u{9b}5A";
    let cell = desk.start(Language::Python, &format!("input({evil:?})"));
    desk.print(cell, Stream::Stdout, evil);
    desk.event(Event::InputRequested {
        cell,
        prompt: evil.into(),
    });
    desk.event(Event::Notice {
        level: NoticeLevel::Error,
        text: evil.into(),
    });
    let (buf, _) = desk.draw(80, 24);
    for cell in &buf.content {
        assert!(
            !cell.symbol().contains(char::is_control),
            "{:?}",
            cell.symbol()
        );
    }
}

#[test]
fn a_paste_with_lines_waits_and_the_caret_stays_on_the_screen() {
    let mut desk = Desk::new();
    let pasted = "x = 1\n".repeat(100);
    let effects = desk
        .app
        .handle_terminal(TerminalEvent::Paste(pasted), desk.now);
    assert_eq!(effects, []);
    let (buf, caret) = desk.draw(60, 20);
    assert!(buf.area.contains(caret.expect("a caret")));
    assert!(text_of(&buf).contains("Python"), "the status line stays");
}

#[test]
fn recalls_are_what_was_typed() {
    let entry = typed(1, "a", "two\nlines", 5);
    let mut desk = Desk::new();
    desk.event(Event::Recalled {
        entries: vec![entry.clone()],
    });
    let recall = Recall {
        source: entry.source,
        language: entry.language,
        this_session: false,
        at: entry.at,
    };
    desk.key("ctrl-r");
    desk.key("enter");
    assert_eq!(desk.app.prompt.text(), recall.source);
    assert_eq!(
        desk.sent(),
        [Command::Recall { after: 1 }],
        "and it did not run"
    );
}
