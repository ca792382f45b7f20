//! A terminal for the real binary: keys in, a screen to read.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr};
use tempfile::TempDir;

/// How long something may take to be seen: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// Keys that are no letters.
pub mod keys {
    pub const ENTER: &str = "\r";
    pub const ESC: &str = "\x1b";
    pub const TAB: &str = "\t";
    pub const UP: &str = "\x1b[A";
    pub const DOWN: &str = "\x1b[B";
    pub const F2: &str = "\x1bOQ";
    pub const F4: &str = "\x1bOS";
    pub const PAGE_UP: &str = "\x1b[5~";
    pub const CTRL_C: &str = "\x03";
    pub const CTRL_D: &str = "\x04";
    pub const CTRL_R: &str = "\x12";
    pub const CTRL_U: &str = "\x15";
    pub const CTRL_Z: &str = "\x1a";
    pub const CTRL_UNDERSCORE: &str = "\x1f";
}

/// What a test's instances have in common: a home that stays empty, a place for files, and the
/// folders of companion.
pub struct World {
    folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["home", "work", "data", "config", "cache"] {
            std::fs::create_dir(folder.path().join(name)).expect("made");
        }
        Self { folder }
    }

    /// One of the folders.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `config.toml`.
    pub fn configure(&self, text: &str) {
        std::fs::write(self.path("config/config.toml"), text).expect("written");
    }

    /// Waits until the history has lines with each of these texts on disk.
    #[track_caller]
    pub fn wait_for_history(&self, texts: &[String]) {
        let start = Instant::now();
        loop {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_companion"));
            command.env_clear().arg("history");
            for folder in ["data", "config", "cache"] {
                command.arg(format!("--{folder}-dir"));
                command.arg(self.path(folder));
            }
            let output = command.output().expect("it starts");
            let history = String::from_utf8_lossy(&output.stdout).into_owned();
            if texts.iter().all(|text| history.contains(text)) {
                return;
            }
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(
                start.elapsed() < PATIENCE,
                "no {texts:?} in:\n{history}{errors}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts an instance on a terminal of 24 by 80.
    pub fn start(&self) -> Stage {
        self.start_with(&Terminal::default())
    }

    /// Starts an instance on a terminal.
    pub fn start_with(&self, terminal: &Terminal<'_>) -> Stage {
        Stage::start(self, terminal)
    }
}

/// What kind of terminal.
pub struct Terminal<'a> {
    pub rows: u16,
    pub columns: u16,
    /// What it answers when it is asked for its device attributes; most of ours answer nothing.
    pub answer: &'a str,
    pub variables: &'a [(&'a str, &'a str)],
    pub arguments: &'a [&'a str],
}

impl Default for Terminal<'_> {
    fn default() -> Self {
        Self {
            rows: 24,
            columns: 80,
            answer: "",
            variables: &[],
            arguments: &[],
        }
    }
}

/// A running instance and its terminal.
pub struct Stage {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    tty: std::fs::File,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    modes_before: LocalModes,
}

/// What the terminal got.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    frames: usize,
}

impl Seen {
    /// Whether the screen is half drawn.
    fn is_updating(&self) -> bool {
        let last = |marker: &[u8]| {
            self.bytes
                .windows(marker.len())
                .rposition(|at| at == marker)
        };
        last(BEGIN_UPDATE) > last(END_UPDATE)
    }
}

/// The screen between two updates.
pub struct Screen {
    /// The text, rows parted by line ends.
    pub text: String,
    /// What vt100 made of it.
    pub cells: vt100::Screen,
    /// Frames that were drawn so far.
    pub frames: usize,
}

impl Screen {
    pub fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// How many rows hold this.
    pub fn count(&self, text: &str) -> usize {
        self.text.lines().filter(|row| row.contains(text)).count()
    }

    /// The first row that holds this, with its number.
    pub fn row_of(&self, text: &str) -> Option<(usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .find(|(_, row)| row.contains(text))
    }

    /// The row of the caret.
    pub fn caret_row(&self) -> &str {
        let row = usize::from(self.cells.cursor_position().0);
        self.text.lines().nth(row).unwrap_or_default()
    }

    /// The last row.
    pub fn status(&self) -> &str {
        let rows = usize::from(self.cells.size().0.get());
        self.text.lines().nth(rows - 1).unwrap_or_default()
    }
}

impl Stage {
    fn start(world: &World, terminal: &Terminal<'_>) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows: terminal.rows,
                cols: terminal.columns,
                ..PtySize::default()
            })
            .expect("a pseudo-terminal");
        let tty = pair.master.tty_name().expect("its name");
        let tty = std::fs::File::options().read(true).write(true).open(tty);
        let tty = tty.expect("opened");
        let modes_before = tcgetattr(&tty).expect("settings").local_modes;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_companion"));
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("HOME", world.path("home"));
        for (name, value) in terminal.variables {
            command.env(name, value);
        }
        for folder in ["data", "config", "cache"] {
            command.arg(format!("--{folder}-dir"));
            command.arg(world.path(folder));
        }
        command.args(terminal.arguments);
        command.cwd(world.path("work"));
        let child = pair.slave.spawn_command(command).expect("started");
        drop(pair.slave);
        let writer = Arc::new(Mutex::new(pair.master.take_writer().expect("a writer")));
        let seen = Arc::new((
            Mutex::new(Seen {
                parser: parser(terminal.rows, terminal.columns),
                bytes: Vec::new(),
                frames: 0,
            }),
            Condvar::new(),
        ));
        let reader = pair.master.try_clone_reader().expect("a reader");
        let (answer, answers) = (terminal.answer.to_owned(), Arc::clone(&writer));
        let sees = Arc::clone(&seen);
        thread::spawn(move || read(reader, &sees, &answers, &answer));
        Self {
            child,
            master: pair.master,
            tty,
            writer,
            seen,
            modes_before,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// What the process does, as the kernel tells: `S` sleeps, `T` is stopped, `Z` has ended.
    pub fn state(&self) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        let stat = stat.unwrap_or_default();
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        state.unwrap_or('Z')
    }

    /// The worker processes.
    pub fn workers(&self) -> Vec<Pid> {
        let entries = std::fs::read_dir("/proc").expect("/proc");
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let parent = self.pid().to_string();
        let is_child = |pid: &i32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // After the name, which may hold anything: the state, the parent.
            let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            rest.split(' ').nth(1) == Some(&parent)
        };
        numbers.filter(is_child).filter_map(Pid::from_raw).collect()
    }

    /// Types, all at once.
    pub fn type_keys(&self, keys: &str) {
        lock(&self.writer)
            .write_all(keys.as_bytes())
            .expect("typed");
    }

    /// Types a line and Enter.
    pub fn enter(&self, line: &str) {
        self.type_keys(line);
        self.type_keys(keys::ENTER);
    }

    /// Pastes as terminals do that were asked for brackets.
    pub fn paste(&self, text: &str) {
        self.type_keys(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Changes the size, as if the window were dragged.
    pub fn resize(&self, rows: u16, columns: u16) {
        let mut seen = lock(&self.seen.0);
        seen.parser.screen_mut().set_size(size(rows), size(columns));
        let size = PtySize {
            rows,
            cols: columns,
            ..PtySize::default()
        };
        self.master.resize(size).expect("resized");
    }

    pub fn send(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed()).expect("a process");
        kill_process(pid, signal).expect("sent");
    }

    /// The screen, as soon as it fulfils a condition.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is_there: impl Fn(&Screen) -> bool) -> Screen {
        self.wait_within(PATIENCE, what, is_there)
    }

    /// The screen, if it fulfils a condition in time.
    #[track_caller]
    pub fn wait_within(
        &self,
        patience: Duration,
        what: &str,
        is_there: impl Fn(&Screen) -> bool,
    ) -> Screen {
        let start = Instant::now();
        let mut seen = lock(&self.seen.0);
        loop {
            let screen = seen.parser.screen();
            let screen = Screen {
                text: full_text(screen),
                cells: screen.clone(),
                frames: seen.frames,
            };
            if !seen.is_updating() && is_there(&screen) {
                return screen;
            }
            let left = patience.saturating_sub(start.elapsed());
            assert!(
                !left.is_zero() && self.state() != 'Z',
                "waited {:?} for {what}{}; the screen:\n{}",
                start.elapsed(),
                if left.is_zero() { "" } else { ", but it ended" },
                framed(&screen.text)
            );
            seen = self
                .seen
                .1
                .wait_timeout(seen, left.min(Duration::from_secs(1)))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The screen, as soon as it holds a text.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) -> Screen {
        self.wait_for(&format!("{text:?}"), |screen| screen.has(text))
    }

    /// The screen once the prompt has its number, `py 1 ❯`, and nothing runs.
    #[track_caller]
    pub fn wait_for_prompt(&self, mark: &str) -> Screen {
        let mark = format!("{mark} ❯");
        self.wait_for(&format!("the prompt {mark:?} at rest"), |screen| {
            screen.caret_row().contains(&mark) && screen.status().contains(" idle ")
        })
    }

    /// The screen once a cell runs: its spinner turns.
    #[track_caller]
    pub fn wait_for_spinner(&self) -> Screen {
        self.wait_for("a spinner", |screen| {
            let is_spinner = |letter| ('\u{2800}'..'\u{2900}').contains(&letter);
            screen.status().contains(is_spinner)
        })
    }

    /// Everything that the terminal got so far.
    pub fn bytes(&self) -> String {
        String::from_utf8_lossy(&lock(&self.seen.0).bytes).into_owned()
    }

    /// Whether the terminal has its settings from before.
    pub fn is_cooked(&self) -> bool {
        tcgetattr(&self.tty).expect("settings").local_modes == self.modes_before
    }

    /// Waits for the end: the exit code and all that was written. Checks that the terminal was
    /// given back.
    #[track_caller]
    pub fn end(mut self) -> (u32, Screen) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                break status;
            }
            let seen = lock(&self.seen.0);
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end; the screen:\n{}",
                framed(&full_text(seen.parser.screen()))
            );
            // A process ends without writing: look now and then.
            let waited = self.seen.1.wait_timeout(seen, Duration::from_millis(20));
            drop(waited);
        };
        assert!(self.is_cooked(), "raw mode was left on");
        let modes = |seen: &Seen| {
            let screen = seen.parser.screen();
            !screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor()
        };
        // What was written last may still be on its way: our end keeps the terminal open.
        let seen = lock(&self.seen.0);
        let (seen, timeout) = self
            .seen
            .1
            .wait_timeout_while(seen, PATIENCE, |seen| !modes(seen))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "the terminal was not given back");
        let screen = Screen {
            text: full_text(seen.parser.screen()),
            cells: seen.parser.screen().clone(),
            frames: seen.frames,
        };
        drop(seen);
        (status.exit_code(), screen)
    }

    /// The screen as it is.
    pub fn screen(&self) -> Screen {
        self.wait_for("a frame", |_| true)
    }

    /// Takes back what is typed, and leaves.
    #[track_caller]
    pub fn clear_and_quit(self) -> Screen {
        self.type_keys(keys::CTRL_U);
        self.quit()
    }

    /// Leaves with `/quit`.
    #[track_caller]
    pub fn quit(self) -> Screen {
        self.enter("/quit");
        let (code, screen) = self.end();
        assert_eq!(code, 0);
        screen
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Feeds the screen, and answers what the terminal is asked.
fn read(
    mut reader: Box<dyn Read + Send>,
    seen: &(Mutex<Seen>, Condvar),
    writer: &Mutex<Box<dyn Write + Send>>,
    answer: &str,
) {
    let mut chunk = [0; 1 << 14];
    let mut answered = 0;
    while let Ok(count @ 1..) = reader.read(&mut chunk) {
        let mut now = lock(&seen.0);
        let unseen = now.bytes.len().saturating_sub(END_UPDATE.len() - 1);
        now.bytes.extend_from_slice(&chunk[..count]);
        let ends = now.bytes[unseen..].windows(END_UPDATE.len());
        now.frames += ends.filter(|at| *at == END_UPDATE).count();
        now.parser.process(&chunk[..count]);
        if !answer.is_empty() {
            let asked = now.bytes.windows(3).filter(|at| at == b"\x1b[c").count();
            for _ in answered..asked {
                let _ = lock(writer).write_all(answer.as_bytes());
            }
            answered = asked;
        }
        drop(now);
        seen.1.notify_all();
    }
}

fn parser(rows: u16, columns: u16) -> vt100::Parser {
    vt100::Parser::new(size(rows), size(columns), 1000)
}

fn size(cells: u16) -> std::num::NonZeroU16 {
    cells.try_into().expect("a size")
}

/// Every row, empty ones too: rows have their numbers.
fn full_text(screen: &vt100::Screen) -> String {
    let rows: Vec<String> = screen.rows(0, screen.size().1.get()).collect();
    rows.join("\n")
}

fn framed(text: &str) -> String {
    let rows: Vec<String> = text.lines().map(|row| format!("│{row}")).collect();
    rows.join("\n")
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}
