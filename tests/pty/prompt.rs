//! Typing: lines, paste, completion, history, sizes.

use super::stage::{Screen, Terminal, World, keys};

#[test]
fn a_cell_of_several_lines_is_indented_and_ends_with_a_blank_one() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("for n in range(3):");
    stage.enter("if n:");
    stage.enter("print('n is', n)");
    let screen = stage.wait_for_text("n is");
    assert!(screen.has("      print('n is', n)"), "{}", screen.text);
    assert!(screen.has("py 1 ❯ for n"), "{}", screen.text);
    stage.type_keys(keys::ENTER);
    stage.wait_for("the output", |screen| {
        screen.text.lines().any(|row| row.trim() == "n is 2")
    });
    stage.wait_for_prompt("py 2");
    stage.quit();
}

#[test]
fn ctrl_c_clears_the_prompt_and_undo_brings_it_back() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.type_keys("precious");
    stage.wait_for_text("❯ precious");
    stage.type_keys(keys::CTRL_C);
    stage.wait_for("an empty prompt", |screen| !screen.has("precious"));
    stage.type_keys(keys::CTRL_UNDERSCORE);
    stage.wait_for_text("❯ precious");
    stage.clear_and_quit();
}

#[test]
fn pasted_lines_wait_for_enter() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    assert!(stage.wait_for_prompt("py 1").cells.bracketed_paste());
    stage.paste("a = 1\rb = 2\rprint('sum', a + b)\r");
    let screen = stage.wait_for_text("print('sum', a + b)");
    assert!(screen.has("py 1 ❯ a = 1"), "{}", screen.text);
    assert!(!screen.has("sum 3"));
    // Still the same prompt after a key, so it did not run.
    stage.type_keys("#");
    stage.wait_for_text("#");
    assert!(!stage.screen().has("sum 3"));
    stage.type_keys("\x7f");
    stage.type_keys(keys::ENTER);
    stage.wait_for_text("sum 3");
    stage.quit();
}

#[test]
fn names_complete_in_a_popup() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("temperature, temperament = 20, 'calm'");
    stage.wait_for_prompt("py 2");
    stage.type_keys("tempe");
    stage.wait_for_text("❯ tempe");
    stage.type_keys(keys::TAB);
    // The hint at the prompt has the names too.
    let offered = |screen: &Screen, name: &str| {
        let mut rows = screen.text.lines();
        rows.any(|row| row.contains(name) && !row.contains('❯'))
    };
    stage.wait_for("both names", |screen| {
        offered(screen, "temperament") && offered(screen, "temperature")
    });
    stage.type_keys(keys::ESC);
    stage.wait_for("no popup", |screen| !offered(screen, "temperament"));
    stage.type_keys(keys::CTRL_U);
    // Slash commands complete as they are typed.
    stage.type_keys("/ker");
    stage.wait_for_text("list the kernels");
    stage.type_keys(keys::TAB);
    stage.wait_for_text("❯ /kernels");
    stage.type_keys(keys::CTRL_U);
    stage.wait_for("no popup", |screen| !screen.has("list the kernels"));
    stage.quit();
}

#[test]
fn up_recalls_what_was_typed_in_this_session() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("one = 1");
    stage.wait_for_prompt("py 2");
    stage.enter("two = 2");
    stage.wait_for_prompt("py 3");
    stage.type_keys(keys::UP);
    stage.wait_for("the last", |screen| {
        screen.caret_row().contains("❯ two = 2")
    });
    stage.type_keys(keys::UP);
    stage.wait_for("the first", |screen| {
        screen.caret_row().contains("❯ one = 1")
    });
    stage.type_keys(keys::DOWN);
    stage.wait_for("the last", |screen| {
        screen.caret_row().contains("❯ two = 2")
    });
    stage.type_keys(keys::DOWN);
    stage.wait_for("nothing", |screen| {
        screen.caret_row().trim_end().ends_with('❯')
    });
    stage.quit();
}

#[test]
fn ctrl_r_finds_what_was_typed_in_an_earlier_session() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("earlier = 'zebra' + 'fish'");
    stage.wait_for_prompt("py 2");
    // A line that begins with a space is private.
    stage.enter(" secret = 'zebra'");
    stage.wait_for_prompt("py 3");
    stage.quit();

    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.type_keys(keys::UP);
    stage.type_keys(keys::CTRL_R);
    stage.wait_for_text("search ›");
    stage.type_keys("zebfish");
    let screen = stage.wait_for("the line", |screen| {
        screen.has("› zebfish") && screen.has("earlier = 'zebra' + 'fish'")
    });
    assert!(!screen.has("secret"), "{}", screen.text);
    stage.type_keys(keys::ENTER);
    stage.wait_for("the line", |screen| {
        screen.caret_row().contains("❯ earlier = 'zebra'")
    });
    stage.enter("");
    stage.wait_for_prompt("py 2");
    stage.enter("earlier");
    stage.wait_for_text("'zebrafish'");
    stage.quit();
}

#[test]
fn two_instances_at_once_share_their_history() {
    let world = World::new();
    let (one, two) = (world.start(), world.start());
    one.wait_for_prompt("py 1");
    two.wait_for_prompt("py 1");
    for number in 1..=3 {
        one.enter(&format!("aardvark{number} = {number}"));
        two.enter(&format!("bumblebee{number} = {number}"));
        one.wait_for_prompt(&format!("py {}", number + 1));
        two.wait_for_prompt(&format!("py {}", number + 1));
    }
    // Keeping a line is not what the prompt waits for.
    let names = ["aardvark", "bumblebee"];
    let lines = names.map(|name| (1..=3).map(move |number| format!("{name}{number}")));
    world.wait_for_history(&lines.into_iter().flatten().collect::<Vec<_>>());
    for (stage, others) in [(&one, "bumblebee"), (&two, "aardvark")] {
        stage.type_keys(keys::CTRL_R);
        stage.wait_for_text("search ›");
        stage.type_keys(others);
        stage.wait_for("all three", |screen| {
            (1..=3).all(|number| screen.count(&format!("{others}{number} = {number}")) == 1)
        });
        stage.type_keys(keys::ESC);
        stage.wait_for_prompt("py 4");
        // Up stays within the session.
        stage.type_keys(keys::UP);
        let screen = stage.wait_for("a line", |screen| screen.caret_row().contains("3 = 3"));
        assert!(!screen.caret_row().contains(others), "{}", screen.text);
        stage.type_keys(keys::CTRL_U);
    }
    one.quit();
    two.quit();
}

#[test]
fn the_screen_follows_its_size() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("print('wide ' * 30)");
    stage.wait_for_prompt("py 2");
    stage.type_keys("unfinished");
    stage.wait_for_text("❯ unfinished");
    for (rows, columns) in [(20, 60), (50, 200), (10, 30), (24, 80)] {
        stage.resize(rows, columns);
        let screen = stage.wait_for("a frame of that size", |screen| {
            screen.status().contains("Python")
                && screen.has("❯ unfinished")
                && screen
                    .text
                    .lines()
                    .all(|row| row.chars().count() <= usize::from(columns))
                && (columns < 200 || screen.has(&"wide ".repeat(29)))
        });
        let top = screen.count("Python");
        assert_eq!(top, 1, "one status line: {}", screen.text);
    }
    stage.clear_and_quit();
}

#[test]
fn a_terminal_of_almost_no_size_is_survived() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    for (rows, columns) in [(1, 1), (2, 3), (1, 200), (60, 1), (3, 8), (24, 80)] {
        let frames = stage.screen().frames;
        stage.resize(rows, columns);
        stage.wait_for("a frame", |screen| screen.frames > frames);
        // Not at once: crossterm may lose a key that comes with a new size.
        stage.type_keys("x");
    }
    stage.wait_for_text("❯ xxxxxx");
    stage.clear_and_quit();
}

#[test]
fn keys_typed_before_the_prompt_is_there_are_kept() {
    let world = World::new();
    let stage = world.start();
    // These arrive while the terminal is asked what it can do.
    stage.type_keys("early");
    stage.wait_for_text("❯ early");
    stage.type_keys("_bird");
    stage.wait_for_text("❯ early_bird");
    stage.clear_and_quit();
}

#[test]
fn a_terminal_that_answers_leaves_no_answer_at_the_prompt() {
    let world = World::new();
    let stage = world.start_with(&Terminal {
        answer: "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62;22c",
        ..Terminal::default()
    });
    let screen = stage.wait_for_prompt("py 1");
    assert!(
        screen.caret_row().trim_end().ends_with('❯'),
        "{}",
        screen.text
    );
    stage.enter("40 + 2");
    stage.wait_for_text("42");
    stage.quit();
}

#[test]
fn an_editor_writes_the_prompt() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let editor = world.path("work/editor");
    // It adds to what is there, and wants a key first, as editors do.
    let script = "#!/bin/sh\nread -r line\necho \"* $line\" >> \"$1\"\n";
    std::fs::write(&editor, script).expect("written");
    std::fs::set_permissions(&editor, PermissionsExt::from_mode(0o755)).expect("set");
    let path = editor.display().to_string();
    let stage = world.start_with(&Terminal {
        variables: &[("EDITOR", &path), ("PATH", "/usr/bin:/bin")],
        ..Terminal::default()
    });
    stage.wait_for_prompt("py 1");
    stage.type_keys("6");
    stage.wait_for_text("❯ 6");
    stage.type_keys("\x0f");
    stage.wait_for("the main screen", |screen| !screen.cells.alternate_screen());
    while !stage.is_cooked() {
        std::thread::yield_now();
    }
    stage.enter("7");
    stage.wait_for("the edited text", |screen| {
        screen.has("❯ 6") && screen.has("* 7")
    });
    stage.clear_and_quit();
}

#[test]
fn vi_keys_are_there_for_who_wants_them() {
    let world = World::new();
    world.configure("edit_mode = \"vi\"\n");
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.type_keys("1 + 2x");
    stage.wait_for("insert mode", |screen| {
        screen.status().contains("vi insert")
    });
    stage.type_keys(keys::ESC);
    stage.wait_for("normal mode", |screen| {
        screen.status().contains("vi normal")
    });
    stage.type_keys("x");
    stage.wait_for("a letter less", |screen| {
        screen.caret_row().trim_end().ends_with("1 + 2")
    });
    stage.type_keys(keys::ENTER);
    stage.wait_for("the value", |screen| {
        screen.text.lines().any(|row| row.trim() == "Out[1] = 3")
    });
    stage.quit();
}
