//! Every way out gives the terminal back.

use rustix::process::Signal;

use super::stage::{Terminal, World, keys};

#[test]
fn ctrl_d_leaves_and_the_transcript_stays_in_the_scrollback() {
    let world = World::new();
    let stage = world.start();
    let screen = stage.wait_for_prompt("py 1");
    assert!(screen.cells.alternate_screen());
    assert!(!stage.is_cooked());
    stage.enter("print('remember', 'me')");
    stage.wait_for_prompt("py 2");
    stage.type_keys(keys::CTRL_D);
    let (code, screen) = stage.end();
    assert_eq!(code, 0);
    assert!(
        screen.has("py 1 ❯ print('remember', 'me')"),
        "{}",
        screen.text
    );
    assert_eq!(screen.count("remember me"), 1, "{}", screen.text);
}

#[test]
fn a_session_without_cells_leaves_nothing_behind() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    let screen = stage.quit();
    assert_eq!(screen.text.trim(), "");
}

#[test]
fn the_transcript_can_be_left_out() {
    let world = World::new();
    world.configure("transcript_on_exit = false\n");
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("print('forget', 'me')");
    stage.wait_for_prompt("py 2");
    let screen = stage.quit();
    assert_eq!(screen.text.trim(), "");
}

#[test]
fn quitting_while_a_cell_runs_waits_for_nothing() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("while True: pass");
    stage.type_keys(keys::ENTER);
    stage.wait_for_spinner();
    let start = std::time::Instant::now();
    let screen = stage.quit();
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    assert!(screen.has("while True: pass"), "{}", screen.text);
}

#[test]
fn a_signal_in_a_flood_loses_nothing_that_happened() {
    let world = World::new();
    world.configure("[limits]\noutput_mib = 4096\ntimeout_s = 0\n");
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("while True: print('x' * 100)");
    stage.type_keys(keys::ENTER);
    stage.wait_for_spinner();
    stage.send(Signal::TERM);
    let (code, _) = stage.end();
    assert_eq!(code, 128 + 15);
    // The runtime came to its end, though nobody listened any more: the cell's is on disk.
    let history = |arguments: &[&str]| {
        let output = crate::cli::companion()
            .arg("history")
            .args(arguments)
            .arg("--data-dir")
            .arg(world.path("data"))
            .output()
            .expect("the binary starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let sessions = history(&["--sessions"]);
    let id = sessions.split_whitespace().last().expect("a session");
    let transcript = history(&["--transcript", id]);
    assert!(transcript.contains("[interrupted"), "{transcript}");
}

#[test]
fn signals_leave_with_their_number() {
    for (signal, number) in [(Signal::TERM, 15), (Signal::HUP, 1), (Signal::INT, 2)] {
        let world = World::new();
        let stage = world.start();
        stage.wait_for_prompt("py 1");
        stage.enter("print('before', 'the signal')");
        stage.wait_for_prompt("py 2");
        stage.enter("while True: pass");
        stage.type_keys(keys::ENTER);
        stage.wait_for_spinner();
        stage.send(signal);
        let (code, screen) = stage.end();
        assert_eq!(code, 128 + number);
        assert!(screen.has("before the signal"), "{}", screen.text);
    }
}

#[test]
fn an_instance_that_is_killed_leaves_no_worker_behind() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("while True: pass");
    stage.type_keys(keys::ENTER);
    stage.wait_for_spinner();
    let workers = stage.workers();
    assert!(!workers.is_empty());
    stage.send(Signal::KILL);
    let start = std::time::Instant::now();
    let lives = |pid: &rustix::process::Pid| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        // Nobody may have been told yet that it has ended.
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    while workers.iter().any(lives) {
        assert!(start.elapsed().as_secs() < 20, "{workers:?} live on");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn ctrl_z_stops_and_fg_comes_back() {
    let world = World::new();
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    stage.enter("kept = 'over the break'");
    stage.wait_for_prompt("py 2");
    stage.type_keys("half");
    stage.wait_for_text("❯ half");
    stage.type_keys(keys::CTRL_Z);
    stage.wait_for("the main screen", |screen| !screen.cells.alternate_screen());
    while stage.state() != 'T' {
        std::thread::yield_now();
    }
    assert!(stage.is_cooked());
    stage.send(Signal::CONT);
    stage.wait_for("the screen", |screen| {
        screen.cells.alternate_screen() && screen.caret_row().contains("❯ half")
    });
    assert!(!stage.is_cooked());
    stage.type_keys(keys::CTRL_U);
    stage.enter("kept");
    stage.wait_for_prompt("py 3");
    stage.quit();
}

#[test]
fn no_color_is_obeyed() {
    let world = World::new();
    let stage = world.start_with(&Terminal {
        variables: &[("NO_COLOR", "1")],
        ..Terminal::default()
    });
    stage.wait_for_prompt("py 1");
    stage.enter("def f(x): return 'text', 12");
    stage.type_keys(keys::ENTER);
    stage.wait_for_prompt("py 2");
    stage.enter("1 / 0");
    stage.wait_for_prompt("py 3");
    stage.enter("/help");
    stage.wait_for_text("/imagine");
    stage.type_keys(keys::ESC);
    stage.wait_for_prompt("py 3");
    let bytes = stage.bytes();
    let colours: Vec<&str> = bytes
        .split("\x1b[")
        .skip(1)
        .filter(|rest| is_colour(rest))
        .collect();
    assert!(colours.is_empty(), "{colours:?}");
    stage.quit();

    let stage = world.start();
    stage.wait_for_prompt("py 1");
    let bytes = stage.bytes();
    assert!(
        bytes.split("\x1b[").skip(1).any(is_colour),
        "the test sees colours"
    );
    stage.quit();
}

/// Whether a control sequence, without its introducer, chooses a colour.
fn is_colour(sequence: &str) -> bool {
    let Some(end) = sequence.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':') else {
        return false;
    };
    let mut parameters = sequence[..end]
        .split([';', ':'])
        .map(|number| number.parse().unwrap_or(0));
    sequence[end..].starts_with('m')
        && parameters.any(|number: u16| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
}

#[test]
fn a_folder_that_cant_be_used_is_told_before_the_screen_is_taken() {
    let world = World::new();
    world.configure("theme = \"nonesuch\"\n");
    let stage = world.start();
    stage.wait_for_text("nonesuch");
    let bytes = stage.bytes();
    assert!(!bytes.contains("\x1b[?1049h"), "{bytes:?}");
    let (code, _) = stage.end();
    assert_eq!(code, 2);
}
