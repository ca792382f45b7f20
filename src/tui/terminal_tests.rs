//! The way in and every way out, on real pseudo-terminals.
//!
//! A terminal belongs to a process, so each test starts this test binary once more, with
//! [`CHILD`] saying which part to play, and plays the terminal itself.

use std::io::Read;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use image::{DynamicImage, Rgba, RgbaImage};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::tcgetattr;
use signal_hook::low_level::exit;

use super::signals::REACTION_TIME;
use super::*;
use crate::panics::contain;
use crate::tui::image::{
    BackendChoice, ImageCache, Look, PictureKey, Pictures, Placement, ShowOptions, probe,
    show_to_stdout,
};

const CHILD: &str = "COMPANION_TEST_TERMINAL_CHILD";
const PATIENCE: Duration = Duration::from_secs(20);

/// Not a test of its own: what the others start. Without the variable there is nothing to do.
#[test]
fn child() -> ExitCode {
    let Ok(part) = std::env::var(CHILD) else {
        return ExitCode::SUCCESS;
    };
    if part == "show" {
        let paths: Vec<_> = std::env::var("FILES")
            .expect("files")
            .split(':')
            .map(Into::into)
            .collect();
        let shown = show_to_stdout(&paths, ShowOptions::default(), &mut io::stdout());
        return ExitCode::from(u8::from(!shown.expect("written").is_empty()));
    }
    let capabilities = probe().capabilities;
    let mut terminal = Terminal::enter(&capabilities).expect("a terminal");
    let (send, signals) = mpsc::channel();
    match part.as_str() {
        "stuck" => watch_signals(|_| {}),
        _ => watch_signals(move |signal| send.send(signal).unwrap_or_default()),
    }
    .expect("signals");
    let mut say = |text: &str| {
        let render = |frame: &mut Frame<'_>| frame.render_widget(text, frame.area());
        terminal.draw(render, |_| Ok(())).expect("drawn");
    };
    match part.as_str() {
        "drop" => say("ready to drop"),
        "panic" => {
            say("ready to panic");
            panic!("the sky fell");
        }
        "contained" => {
            assert!(contain(|| panic!("in a decoder")).is_err());
            assert!(
                thread::spawn(|| panic!("in the background"))
                    .join()
                    .is_err()
            );
            say("still here");
        }
        "signal" => {
            say("ready for a signal");
            if let Ok(TerminalSignal::Quit { signal }) = signals.recv_timeout(PATIENCE) {
                drop(terminal);
                exit(128 + signal);
            }
        }
        "stuck" => {
            say("ready for a signal");
            thread::sleep(PATIENCE);
        }
        "suspend" => {
            say("ready to stop");
            terminal.suspend().expect("stopped and continued");
            let render = |frame: &mut Frame<'_>| frame.render_widget("back", frame.area());
            terminal.draw(render, |_| Ok(())).expect("drawn");
        }
        "keys" => {
            let (send, events) = mpsc::channel();
            say("ready for keys");
            let read = terminal.read_events(move |event| send.send(event).is_ok());
            read.expect("a reader");
            let mut typed = String::new();
            while !typed.ends_with('q') {
                if let Ok(Ok(Event::Key(key))) = events.recv_timeout(PATIENCE) {
                    typed.extend(key.code.as_char());
                }
                if typed == "e" {
                    // The editor's keys are not for us.
                    let lent = terminal.with_suspended(|| {
                        write_directly(b"editing");
                        let mut line = String::new();
                        io::stdin().read_line(&mut line).map(|_| line)
                    });
                    let line = lent.expect("taken back").expect("a line");
                    typed = format!("[{}]", line.trim_end());
                }
                let text = format!("typed {typed}");
                let render = |frame: &mut Frame<'_>| frame.render_widget(&*text, frame.area());
                terminal.draw(render, |_| Ok(())).expect("drawn");
            }
        }
        "picture" => show_picture(&mut terminal, &capabilities),
        other => panic!("no such part: {other}"),
    }
    ExitCode::SUCCESS
}

fn show_picture(terminal: &mut Terminal, capabilities: &Capabilities) {
    let (send, woken) = mpsc::channel();
    let load = |_| {
        let pixels = RgbaImage::from_pixel(40, 40, Rgba([200, 30, 10, 255]));
        let mut bytes = io::Cursor::new(Vec::new());
        let encoded =
            DynamicImage::ImageRgba8(pixels).write_to(&mut bytes, image::ImageFormat::Png);
        encoded
            .map(|()| bytes.into_inner())
            .map_err(|error| error.to_string())
    };
    let cache =
        ImageCache::start(load, move || send.send(()).unwrap_or_default()).expect("a thread");
    let mut pictures = Pictures::new(capabilities, BackendChoice::Auto, cache);
    let (cols, rows) = crate::tui::image::picture_size(40, 40, 8, 8, capabilities.cell_size);
    let placement = Placement {
        key: PictureKey::Blob(crate::protocol::BlobId([7; 32])),
        area: Rect::new(2, 1, cols, rows),
        cols,
        rows,
        skip_rows: 0,
        caption: "a picture".into(),
    };
    for step in 0..4 {
        let mut due = None;
        // Two closures share them, one after the other.
        let shared = std::cell::RefCell::new(&mut pictures);
        terminal
            .draw(
                |frame| {
                    let placements = std::slice::from_ref(&placement);
                    let buffer = frame.buffer_mut();
                    let look = Look::default();
                    let now = Instant::now();
                    due = shared
                        .borrow_mut()
                        .draw(buffer, placements, &[], &look, now);
                },
                |out| shared.borrow_mut().present(out),
            )
            .expect("drawn");
        match (step, due) {
            (0, _) => woken.recv_timeout(PATIENCE).expect("decoded"),
            // Half blocks have nothing to encode.
            (1, _) => drop(woken.recv_timeout(Duration::from_secs(1))),
            (_, Some(due)) => thread::sleep(due),
            (_, None) => {}
        }
    }
}

/// The terminal's side.
struct Stage {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    terminal: std::fs::File,
    output: Arc<Mutex<Vec<u8>>>,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    before: rustix::termios::LocalModes,
}

impl Stage {
    /// Starts the child; `answer` is sent whenever it asks for the device attributes.
    fn start(part: &str, answer: &'static str, variables: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: 12,
            cols: 60,
            ..PtySize::default()
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        let path = pair.master.tty_name().expect("its name");
        let terminal = std::fs::File::options().read(true).write(true).open(path);
        let terminal = terminal.expect("opened");
        let before = tcgetattr(&terminal).expect("settings").local_modes;
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this binary"));
        let name = concat!(module_path!(), "::child");
        let name = name.split_once("::").map_or(name, |(_, path)| path);
        command.args([name, "--exact", "--nocapture", "--test-threads=1"]);
        for inherited in [
            "TMUX",
            "STY",
            "TERM_PROGRAM",
            "LC_TERMINAL",
            "KONSOLE_VERSION",
            "NO_COLOR",
        ] {
            command.env_remove(inherited);
        }
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("RUST_BACKTRACE", "0");
        // The probe waits longer: the machine that runs the tests may be busy.
        command.env("SSH_TTY", "/dev/pts/0");
        command.env(CHILD, part);
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("started");
        let writer = Arc::new(Mutex::new(pair.master.take_writer().expect("a writer")));
        let output = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (seen, answers) = (Arc::clone(&output), Arc::clone(&writer));
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            let mut answered = 0;
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                let mut seen = lock(&seen);
                seen.extend_from_slice(&chunk[..count]);
                let asked = seen.windows(3).filter(|bytes| bytes == b"\x1b[c").count();
                for _ in answered..asked {
                    let _ = lock(&answers).write_all(answer.as_bytes());
                }
                answered = asked;
            }
        });
        Self {
            child,
            master: pair.master,
            terminal,
            output,
            writer,
            before,
        }
    }

    fn bytes(&self) -> String {
        String::from_utf8_lossy(&lock(&self.output)).into_owned()
    }

    fn screen(&self) -> vt100::Parser {
        let mut parser = vt100::Parser::new(
            12.try_into().expect("rows"),
            60.try_into().expect("columns"),
            0,
        );
        parser.process(&lock(&self.output));
        parser
    }

    fn wait_for(&self, what: &str, is_there: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_there(self) {
            assert!(start.elapsed() < PATIENCE, "no {what}: {:?}", self.bytes());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait_for_text(&self, text: &str) {
        self.wait_for(text, |stage| {
            stage.screen().screen().contents().contains(text)
        });
    }

    fn type_keys(&self, keys: &str) {
        lock(&self.writer)
            .write_all(keys.as_bytes())
            .expect("typed");
    }

    fn send(&self, signal: Signal) {
        let pid = self.child.process_id().expect("runs").cast_signed();
        kill_process(Pid::from_raw(pid).expect("a process"), signal).expect("sent");
    }

    /// Waits for the end; gives the exit status, and checks that the terminal is as before.
    fn end(mut self) -> (u32, String) {
        let status = self.child.wait().expect("ended");
        // What was written last may still be on its way.
        thread::sleep(Duration::from_millis(50));
        let parser = self.screen();
        let screen = parser.screen();
        let bytes = self.bytes();
        assert!(bytes.contains("\x1b[?1049h"), "never entered: {bytes:?}");
        assert!(!screen.alternate_screen(), "{bytes:?}");
        assert!(!screen.bracketed_paste(), "{bytes:?}");
        assert!(!screen.hide_cursor(), "{bytes:?}");
        assert_eq!(
            bytes.matches(PUSH_KEYBOARD).count(),
            bytes.matches(POP_KEYBOARD).count()
        );
        let after = tcgetattr(&self.terminal).expect("settings").local_modes;
        assert_eq!(self.before, after, "raw mode was left on");
        drop(self.master);
        (status.exit_code(), bytes)
    }
}

const PLAIN: &str = "\x1b[?62;22c";

#[test]
fn dropping_gives_the_terminal_back() {
    let stage = Stage::start("drop", "\x1b[?0u\x1b[?62;22c", &[]);
    let (status, bytes) = stage.end();
    assert_eq!(status, 0);
    assert!(bytes.contains(PUSH_KEYBOARD), "the terminal knows how");
    let update = bytes.split_once("\x1b[?2026h").expect("an update").1;
    assert!(update.contains("\x1b[?2026l"));
}

#[test]
fn a_panic_is_read_on_the_real_screen() {
    let (status, bytes) = Stage::start("panic", PLAIN, &[]).end();
    assert_eq!(status, 101);
    let after = bytes.rsplit_once("\x1b[?1049l").expect("left").1;
    assert!(after.contains("the sky fell"), "{bytes:?}");
}

#[test]
fn a_panic_elsewhere_leaves_the_screen_alone() {
    let (status, bytes) = Stage::start("contained", PLAIN, &[]).end();
    assert_eq!(status, 0);
    assert!(!bytes.contains("in a decoder"), "{bytes:?}");
    let (inside, after) = bytes.rsplit_once("\x1b[?1049l").expect("left");
    assert!(inside.contains("here") && !inside.contains("in the background"));
    assert!(
        after.contains("in the background"),
        "told at the end: {bytes:?}"
    );
}

#[test]
fn signals_let_the_app_leave_in_order() {
    for (signal, number) in [(Signal::TERM, 15), (Signal::HUP, 1), (Signal::INT, 2)] {
        let stage = Stage::start("signal", PLAIN, &[]);
        stage.wait_for_text("ready for a signal");
        stage.send(signal);
        assert_eq!(stage.end().0, 128 + number);
    }
}

#[test]
fn signals_end_an_app_that_hangs() {
    let stage = Stage::start("stuck", PLAIN, &[]);
    stage.wait_for_text("ready for a signal");
    let start = Instant::now();
    stage.send(Signal::TERM);
    assert_eq!(stage.end().0, 128 + 15);
    let took = start.elapsed();
    assert!(
        took >= REACTION_TIME && took < REACTION_TIME * 5,
        "{took:?}"
    );

    // Who sends it twice means it.
    let stage = Stage::start("stuck", PLAIN, &[]);
    stage.wait_for_text("ready for a signal");
    stage.send(Signal::TERM);
    thread::sleep(Duration::from_millis(100));
    stage.send(Signal::INT);
    assert_eq!(stage.end().0, 128 + 15);
}

#[test]
fn a_stopped_process_leaves_the_terminal_to_the_shell() {
    let stage = Stage::start("suspend", PLAIN, &[]);
    let pid = stage.child.process_id().expect("runs");
    stage.wait_for("stop", |_| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('T'))
    });
    assert!(!stage.screen().screen().alternate_screen());
    assert_eq!(
        tcgetattr(&stage.terminal).expect("settings").local_modes,
        stage.before
    );
    stage.send(Signal::CONT);
    let (status, bytes) = stage.end();
    assert_eq!(status, 0);
    let again = bytes.rsplit_once("\x1b[?1049h").expect("entered").1;
    assert!(again.contains("back"), "{bytes:?}");
}

#[test]
fn an_editor_gets_its_own_keys() {
    let stage = Stage::start("keys", PLAIN, &[]);
    stage.wait_for_text("ready for keys");
    stage.type_keys("e");
    stage.wait_for("editor", |stage| stage.bytes().ends_with("editing"));
    assert!(!stage.screen().screen().alternate_screen());
    stage.type_keys("a line\r");
    stage.wait_for_text("typed [a line]");
    stage.type_keys("xyq");
    let (status, bytes) = stage.end();
    assert_eq!(status, 0);
    assert!(bytes.contains('x'));
}

#[test]
fn kitty_gets_a_picture_and_no_question_about_it() {
    let answer = "\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;22c";
    let (status, bytes) = Stage::start("picture", answer, &[]).end();
    assert_eq!(status, 0);
    assert!(bytes.contains("\x1b[2;3H\x1b_Ga=T,f=100,t=d,"), "{bytes:?}");
    assert!(bytes.contains(",c=8,r=4,"), "{bytes:?}");
    assert_eq!(
        bytes.matches("\x1b[c").count(),
        1,
        "asked once, by the probe"
    );
    assert!(!bytes.contains("\x1b[5n"));
    let leaving = format!("{DELETE_KITTY_PICTURES}{LEAVE}");
    assert!(bytes.contains(&leaving), "{bytes:?}");
}

#[test]
fn sixels_are_written_without_asking_again() {
    let answer = "\x1b[6;20;10t\x1b[?62;4;22c";
    let (status, bytes) = Stage::start("picture", answer, &[]).end();
    assert_eq!(status, 0);
    let sixels = bytes.split_once("\x1b[2;3H\x1bP").expect("sixels").1;
    assert!(sixels.contains("\x1b\\"), "{bytes:?}");
    assert_eq!(bytes.matches("\x1b[c").count(), 1);
}

#[test]
fn iterm_pictures_come_from_viuer() {
    let variables = [("TERM_PROGRAM", "iTerm.app")];
    let (status, bytes) = Stage::start("picture", PLAIN, &variables).end();
    assert_eq!(status, 0);
    assert!(
        bytes.contains("\x1b[2;3H\x1b]1337;File=inline=1;"),
        "{bytes:?}"
    );
    assert!(bytes.contains(";width=8;height=4:"), "{bytes:?}");
    assert_eq!(bytes.matches("\x1b[c").count(), 1);
}

#[test]
fn without_the_ui_pictures_stand_between_the_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("red.png");
    let picture = RgbaImage::from_pixel(8, 8, Rgba([200, 30, 10, 255]));
    picture.save(&path).expect("written");
    let path = path.display().to_string();
    let iterm = [("TERM_PROGRAM", "iTerm.app")];
    let cases = [
        (
            "\x1b_Gi=31;OK\x1b\\\x1b[?62;22c",
            None,
            "\x1b_Ga=T,f=100,t=d,c=8,r=4,q=2,m=0;",
        ),
        ("\x1b[?62;4;22c", None, "\x1bP"),
        (PLAIN, Some(iterm), "\x1b]1337;File=inline=1;"),
        (
            PLAIN,
            None,
            "\x1b[0;38;2;200;30;10;48;2;200;30;10m▀▀▀▀▀▀▀▀\x1b[0m\r\n",
        ),
        // Nobody answers.
        ("", None, "▀▀▀▀▀▀▀▀"),
    ];
    for (answer, variables, expected) in cases {
        let mut all = vec![("FILES", path.as_str())];
        all.extend(variables.iter().flatten());
        let mut stage = Stage::start("show", answer, &all);
        assert_eq!(stage.child.wait().expect("ended").exit_code(), 0);
        stage.wait_for(expected, |stage| stage.bytes().contains(expected));
        let after = tcgetattr(&stage.terminal).expect("settings").local_modes;
        assert_eq!(stage.before, after);
        assert!(!stage.bytes().contains("\x1b[?1049h"));
    }
}

#[test]
fn a_terminal_that_never_answers_gets_half_blocks() {
    let (status, bytes) = Stage::start("picture", "", &[]).end();
    assert_eq!(status, 0);
    assert!(bytes.contains('▀'), "{bytes:?}");
    assert!(!bytes.contains("\x1b[2;3H\x1b_G") && !bytes.contains("\x1bP"));
}
