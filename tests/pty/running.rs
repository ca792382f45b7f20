//! Cells: run, streamed, failed, interrupted, limited.

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use super::stage::{Screen, World, keys};

#[test]
fn a_first_session() {
    let world = World::new();
    let stage = world.start();
    let screen = stage.wait_for_prompt("py 1");
    assert!(screen.has("companion"), "{}", screen.text);
    assert!(screen.status().contains("Python"), "{}", screen.text);

    stage.enter("x = 6 * 7");
    stage.wait_for_prompt("py 2");
    stage.enter("x");
    let screen = stage.wait_for_prompt("py 3");
    // The number in the margin, the value beside it.
    let (value, _) = screen.row_of("42").expect("the value");
    let (source, row) = screen.row_of("py 2 ❯").expect("the cell");
    assert!(value > source, "{row}");

    stage.enter("/js [1, 2, 3].map(n => n * x)");
    stage.wait_for_text("x is not defined");
    stage.enter("/js [1, 2, 3].map(n => n * 7)");
    let screen = stage.wait_for_text("[ 7, 14, 21 ]");
    assert!(
        screen.has("py 3 ❯"),
        "one line does not switch: {}",
        screen.text
    );

    stage.type_keys(keys::F2);
    let screen = stage.wait_for_prompt("js 3");
    assert!(screen.status().contains("JavaScript"), "{}", screen.text);
    stage.enter("const y = 20");
    stage.wait_for_prompt("js 4");
    stage.enter("y + 1");
    stage.wait_for_prompt("js 5");
    stage.wait_for_text("21");
    stage.quit();
}

#[test]
fn output_streams_in_before_the_cell_ends() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("import time; print('first'); time.sleep(600); print('second')");
    let screen = stage.wait_for("the first line", |screen| {
        screen.text.lines().any(|row| row.trim() == "first")
    });
    assert!(!screen.text.lines().any(|row| row.trim() == "second"));
    // What takes long says so.
    stage.wait_for("the time", |screen| screen.status().contains("1.0 s"));
    stage.type_keys(keys::CTRL_C);
    stage.wait_for_text("interrupted after");
    stage.quit();
}

#[test]
fn an_error_has_its_traceback() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("def half(n): return n / 0");
    stage.type_keys(keys::ENTER);
    stage.wait_for_prompt("py 2");
    stage.enter("half(3)");
    let screen = stage.wait_for_text("ZeroDivisionError: division by zero");
    assert!(
        screen.has("Traceback (most recent call last)"),
        "{}",
        screen.text
    );
    assert!(screen.has("in half"), "{}", screen.text);
    stage.wait_for_prompt("py 3");
    stage.enter("/js null.x");
    stage.wait_for_text("TypeError");
    stage.quit();
}

#[test]
fn ctrl_c_interrupts_and_variables_are_kept() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("kept = 'still here'");
    stage.wait_for_prompt("py 2");
    stage.enter("while True: pass");
    stage.type_keys(keys::ENTER);
    stage.wait_for_spinner();
    // Typed while it runs, kept while it runs, and run after.
    stage.type_keys("kept");
    stage.wait_for("the text", |screen| screen.caret_row().contains("❯ kept"));
    stage.enter("");
    stage.wait_for_text("1 queued");
    stage.type_keys("next");
    stage.wait_for("the text", |screen| screen.caret_row().contains("❯ next"));
    stage.type_keys(keys::CTRL_C);
    let screen = stage.wait_for_text("interrupted after");
    assert!(screen.caret_row().contains("❯ next"), "{}", screen.text);
    stage.type_keys(keys::CTRL_U);
    stage.enter("kept");
    stage.wait_for_text("'still here'");
    stage.quit();
}

#[test]
fn javascript_is_interrupted_too() {
    let world = World::new();
    world.configure("language = \"js\"\n");
    let stage = world.start();
    stage.wait_for_prompt("js 1");
    stage.enter("let kept = 1234");
    stage.wait_for_prompt("js 2");
    stage.enter("for (;;) {}");
    stage.wait_for_spinner();
    stage.type_keys(keys::CTRL_C);
    stage.wait_for_text("interrupted after");
    stage.enter("kept + 1");
    stage.wait_for_text("1235");
    stage.quit();
}

#[test]
fn input_is_asked_answered_and_echoed() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("name = input('who? '); print('hello,', name[::-1])");
    stage.wait_for("the question", |screen| {
        screen.caret_row().contains("input ❯") && screen.count("who?") >= 2
    });
    stage.enter("ada");
    let screen = stage.wait_for_text("hello, ada");
    assert!(
        screen.has("who? ada"),
        "the answer is echoed: {}",
        screen.text
    );
    stage.wait_for_prompt("py 2");

    // Text that was being typed when the question came is there again after it.
    stage.enter("import time; time.sleep(0.5); input('and? ')");
    stage.type_keys("half a th");
    stage.wait_for("the question", |screen| {
        screen.caret_row().contains("input ❯")
    });
    stage.enter("yes");
    stage.wait_for("the text", |screen| {
        screen.caret_row().contains("❯ half a th")
    });
    stage.wait_for_text("'yes'");
    stage.type_keys(keys::CTRL_U);

    // No line at all is the end of the file; Ctrl-C is an interrupt.
    stage.enter("input('eof? ')");
    stage.wait_for("the question", |screen| {
        screen.caret_row().contains("input ❯")
    });
    stage.type_keys(keys::CTRL_D);
    stage.wait_for_text("EOFError");
    stage.enter("input('stop? ')");
    stage.wait_for("the question", |screen| {
        screen.caret_row().contains("input ❯")
    });
    stage.type_keys(keys::CTRL_C);
    stage.wait_for_text("interrupted after");
    stage.quit();
}

#[test]
fn a_kernel_that_dies_is_reported_and_replaced() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("x = 1; import time");
    stage.wait_for_prompt("py 2");
    stage.enter("time.sleep(600)");
    stage.wait_for_spinner();
    let workers = stage.workers();
    assert!(!workers.is_empty());
    for worker in workers {
        let _ = kill_process(worker, Signal::KILL);
    }
    let screen = stage.wait_for("the report", |screen| screen.has("variables"));
    assert!(screen.has("signal 9"), "{}", screen.text);
    stage.wait_for_prompt("py 1");
    stage.enter("x");
    stage.wait_for_text("NameError");
    stage.enter("6 * 111");
    stage.wait_for_text("666");
    stage.quit();
}

#[test]
fn endless_recursion_and_too_much_memory_end_the_cell_only() {
    let world = World::new();
    world.configure("[limits]\nmemory_mib = 256\n");
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("f = lambda: f()");
    stage.wait_for_prompt("py 2");
    stage.enter("f()");
    stage.wait_for_text("RecursionError");
    stage.enter("a = [0] * 10**10");
    stage.wait_for("an end", |screen| {
        screen.has("MemoryError") || screen.has("memory limit")
    });
    stage.enter("print('on', 'we', 'go')");
    stage.wait_for_text("on we go");
    stage.enter("/js const a = []; for (;;) a.push(new Array(1e5).fill(1))");
    stage.wait_for_text("memory limit of 256 MiB reached");
    stage.enter("/js 'j' + 's again'");
    stage.wait_for_text("'js again'");
    stage.quit();
}

#[test]
fn a_cell_ends_at_the_time_limit() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("/set timeout 1");
    stage.wait_for_text("timeout: 1");
    stage.enter("while True: pass");
    stage.type_keys(keys::ENTER);
    stage.wait_for_text("time limit of 1 s");
    stage.enter("'after' + 'wards'");
    stage.wait_for_text("'afterwards'");
    stage.quit();
}

#[test]
fn a_flood_of_output_leaves_the_prompt_responsive() {
    let world = World::new();
    world.configure("[limits]\noutput_mib = 32\n");
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("while True: print('x' * 1000)");
    stage.type_keys(keys::ENTER);
    stage.wait_for_text("xxxxxxxx");
    let mut typed = String::new();
    let mut slowest = Duration::ZERO;
    for letter in "flooded".chars() {
        let start = Instant::now();
        stage.type_keys(&letter.to_string());
        typed.push(letter);
        let shown = |screen: &Screen| screen.caret_row().contains(&typed);
        stage.wait_within(Duration::from_secs(5), "the letter", shown);
        slowest = slowest.max(start.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    stage.wait_for_text("output limit of 32 MiB");
    stage.type_keys(keys::CTRL_U);
    stage.enter("1234 + 1");
    stage.wait_for_text("1235");
    stage.quit();
}
