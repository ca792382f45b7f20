//! A program in a terminal: its screen, and the moments at which it changed.

use std::io::{self, Read as _, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// What never comes is given up after this.
const PATIENCE: Duration = Duration::from_secs(20);
const ROWS: NonZero<u16> = NonZero::new(24).expect("it is not 0");
const COLUMNS: NonZero<u16> = NonZero::new(80).expect("it is not 0");

/// A terminal of 80×24 with a program in it.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts a program, with little more in its environment than a home folder, and tells when.
    /// The terminal `answers` at once when it is asked what it is, or never does.
    pub fn start(
        program: &Path,
        args: &[&str],
        home: &Path,
        answers: bool,
    ) -> io::Result<(Self, Instant)> {
        let size = PtySize {
            rows: ROWS.get(),
            cols: COLUMNS.get(),
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .map_err(io::Error::other)?;
        let mut reader = pair.master.try_clone_reader().map_err(io::Error::other)?;
        let keyboard = pair.master.take_writer().map_err(io::Error::other)?;
        let keyboard = Arc::new(Mutex::new(keyboard));
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd(home);
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        command.env("PATH", "/usr/bin:/bin");
        command.env("HOME", home);
        let started = Instant::now();
        let child = pair
            .slave
            .spawn_command(command)
            .map_err(io::Error::other)?;
        drop(pair.slave);
        let (send, chunks) = mpsc::channel();
        let replies = Arc::clone(&keyboard);
        thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                let read_at = Instant::now();
                let chunk = bytes.get(..read).unwrap_or_default();
                let asks = chunk.windows(3).any(|window| window == b"\x1b[c");
                if asks && answers {
                    let mut replies = replies.lock().unwrap_or_else(PoisonError::into_inner);
                    // A program that has gone needs no answer.
                    let _ = replies.write_all(b"\x1b[?62;22c");
                }
                if send.send((read_at, chunk.to_vec())).is_err() {
                    return;
                }
            }
        });
        let parser = vt100::Parser::new(ROWS, COLUMNS, 0);
        let terminal = Self {
            child,
            keyboard,
            chunks,
            parser,
            _master: pair.master,
        };
        Ok((terminal, started))
    }

    /// Types, and tells when.
    pub fn type_keys(&mut self, keys: &str) -> io::Result<Instant> {
        let mut keyboard = self.keyboard.lock().unwrap_or_else(PoisonError::into_inner);
        let typed_at = Instant::now();
        keyboard.write_all(keys.as_bytes())?;
        keyboard.flush()?;
        Ok(typed_at)
    }

    /// Waits until the rows of the screen are as wanted, and tells when the bytes that made them
    /// so were read.
    pub fn wait_for(&mut self, is_there: impl Fn(&[String]) -> bool) -> io::Result<Instant> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok((read_at, chunk)) = self.chunks.recv_timeout(left) else {
                let screen = self.rows().join("\n");
                return Err(io::Error::other(format!(
                    "what was waited for never came:\n{screen}"
                )));
            };
            self.parser.process(&chunk);
            if is_there(&self.rows()) {
                return Ok(read_at);
            }
        }
    }

    /// Takes in what has been sent so far, for so long.
    pub fn idle(&mut self, duration: Duration) {
        let deadline = Instant::now() + duration;
        while let Ok((_, chunk)) = self
            .chunks
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.parser.process(&chunk);
        }
    }

    /// The program's process, if the system tells.
    pub fn process(&self) -> Option<u32> {
        self.child.process_id()
    }

    fn rows(&self) -> Vec<String> {
        self.parser.screen().rows(0, COLUMNS.get()).collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has been measured; how it ends is another matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands at the last prompt of a screen.
pub fn at_prompt<'a>(rows: &'a [String], mark: &str) -> Option<&'a str> {
    rows.iter()
        .rev()
        .find_map(|row| row.split_once(mark))
        .map(|(_, typed)| typed)
}
