//! A worker process, held from outside: started, written to, listened to, buried.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::wire::{self, Frame, Frames, FromWorker, ToWorker, WireError};
use super::worker;
use crate::protocol::{Completions, Language};

/// A worker that has not said it is ready after so long is not coming.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// Completions that take longer are not worth waiting for.
const COMPLETE_PATIENCE: Duration = Duration::from_secs(2);
/// What is kept of a worker's stderr, where it says why it dies.
const LAST_WORDS_BYTES: usize = 8 << 10;

/// The worker process could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KernelError {
    /// This process does not know its own binary.
    #[error("no companion binary to start a kernel with: {0}")]
    NoProgram(String),
    /// The system refused.
    #[error("the {language} kernel could not be started from {program}: {source}")]
    Spawn {
        /// Which.
        language: Language,
        /// The binary.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The worker came up and went away, or never spoke.
    #[error("the {language} kernel did not come up: {message}")]
    Handshake {
        /// Which.
        language: Language,
        /// What is known.
        message: String,
    },
    /// What its code may do is not to be had.
    #[error(transparent)]
    Grant(#[from] super::GrantError),
}

/// A live worker process.
pub(super) struct Worker {
    child: Child,
    pub input: File,
    pub output: File,
    pub frames: Frames,
    errors: File,
    last_words: Vec<u8>,
}

impl Worker {
    pub fn start(
        language: Language,
        program: &Path,
        memory_bytes: u64,
    ) -> Result<Self, KernelError> {
        let spawn = |source| KernelError::Spawn {
            language,
            program: program.to_owned(),
            source,
        };
        let mut child = Command::new(program)
            .arg(worker::ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C at the terminal is the parent's to translate.
            .process_group(0)
            .spawn()
            .map_err(spawn)?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(spawn(io::Error::other("no pipe to it")));
        };
        let mut worker = Self {
            child,
            input: OwnedFd::from(input).into(),
            output: OwnedFd::from(output).into(),
            frames: Frames::default(),
            errors: OwnedFd::from(errors).into(),
            last_words: Vec::new(),
        };
        let broken = |message| KernelError::Handshake { language, message };
        for pipe in [&worker.output, &worker.errors] {
            rustix::fs::fcntl_setfl(pipe, rustix::fs::OFlags::NONBLOCK)
                .map_err(|error| spawn(error.into()))?;
        }
        let hello = ToWorker::Hello {
            version: wire::VERSION,
            language,
            memory_bytes,
        };
        let answer = wire::send(&mut worker.input, &hello)
            .and_then(|()| worker.answer_within(START_PATIENCE));
        match answer {
            Ok(FromWorker::Ready {
                version: wire::VERSION,
            }) => Ok(worker),
            Ok(FromWorker::StartFailed { message }) => Err(broken(message)),
            Ok(other) => Err(broken(format!("it answered {other:?}"))),
            Err(error) => {
                let (status, last_words) =
                    worker.bury(matches!(error, WireError::Closed | WireError::Io(_)));
                Err(broken(format!(
                    "{error}; {}",
                    obituary(status, &last_words)
                )))
            }
        }
    }

    /// Sleeps until the worker speaks, an order comes in, or a moment has come.
    pub fn wait(
        &mut self,
        orders: BorrowedFd<'_>,
        moments: [Option<Instant>; 2],
    ) -> Result<[bool; 2], WireError> {
        let now = Instant::now();
        let patience = moments
            .into_iter()
            .flatten()
            .min()
            .map(|moment| moment.saturating_duration_since(now) + Duration::from_millis(1));
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut waits = [
            PollFd::new(&self.output, PollFlags::IN),
            PollFd::new(&orders, PollFlags::IN),
            PollFd::new(&self.errors, PollFlags::IN),
        ];
        match poll(&mut waits, patience.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok([false, false]),
            Err(error) => return Err(WireError::Io(error.into())),
        }
        let [speaks, is_told, wails] = waits.map(|wait| !wait.revents().is_empty());
        if wails && !speaks {
            self.listen_to_errors();
            // At its end of file the pipe is always ready: don't spin, the other pipe ends too.
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok([speaks, is_told])
    }

    fn listen_to_errors(&mut self) {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = self.errors.read(&mut bytes) {
            self.last_words.extend_from_slice(&bytes[..read]);
            let excess = self.last_words.len().saturating_sub(LAST_WORDS_BYTES);
            self.last_words.drain(..excess);
        }
    }

    fn answer_within(&mut self, patience: Duration) -> Result<FromWorker, WireError> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let late = format!("no answer within {} s", patience.as_secs());
                return Err(WireError::Malformed(late));
            }
            let mut waits = [PollFd::new(&self.output, PollFlags::IN)];
            match poll(&mut waits, Timespec::try_from(left).ok().as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(WireError::Io(error.into())),
            }
            self.frames.fill(&mut self.output)?;
            while let Some(frame) = self.frames.next()? {
                match frame {
                    Frame::Message(message) => return Ok(message),
                    // The interpreter may warn while it starts.
                    Frame::Text(..) => {}
                }
            }
        }
    }

    pub fn complete(&mut self, source: String, cursor: usize) -> Result<Completions, WireError> {
        let end = source.len();
        wire::send(&mut self.input, &ToWorker::Complete { source, cursor })?;
        match self.answer_within(COMPLETE_PATIENCE)? {
            FromWorker::Completions(completions)
                if completions.start <= completions.end && completions.end <= end =>
            {
                Ok(completions)
            }
            other => Err(WireError::Malformed(format!("{other:?} is no completion"))),
        }
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the worker and whatever it may have started.
    pub fn kill(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.kill();
    }

    /// Waits for the end of a worker that is going, or makes one of it that is not.
    pub fn bury(&mut self, is_going: bool) -> (Option<ExitStatus>, String) {
        if is_going {
            // A core-less abort takes a moment; what does not end by itself is killed.
            let deadline = Instant::now() + Duration::from_millis(500);
            while self.is_alive() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        if self.is_alive() {
            self.kill();
        }
        let status = self.child.wait().ok();
        self.listen_to_errors();
        (
            status,
            String::from_utf8_lossy(&self.last_words).into_owned(),
        )
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

/// What is known about the end of a worker, in a sentence.
pub(super) fn obituary(status: Option<ExitStatus>, last_words: &str) -> String {
    let cause = match status.map(|status| (status.signal(), status.code())) {
        Some((Some(libc_sigsegv), _)) if libc_sigsegv == Signal::SEGV.as_raw() => {
            "the kernel overflowed its native stack (SIGSEGV)".to_owned()
        }
        Some((Some(signal), _)) => format!("the kernel was ended by signal {signal}"),
        Some((_, Some(code))) => format!("the kernel ended with exit code {code}"),
        _ => "the kernel went away".to_owned(),
    };
    match last_words
        .trim()
        .lines()
        .rev()
        .find(|line| !line.starts_with("note:"))
    {
        Some(line) => format!("{cause}: {line}"),
        None => cause,
    }
}

/// The binary that workers are started from: this one, if [`super::become_worker_if_asked`] is
/// its first act, else a `companion` beside it or on the `PATH`.
///
/// # Errors
/// When there is none.
pub(crate) fn find_program() -> Result<PathBuf, KernelError> {
    let own = std::env::current_exe()
        .map_err(|error| KernelError::NoProgram(format!("this one is unknown ({error})")))?;
    if worker::is_hook_set() {
        // On Linux this name leads to the running binary even if its file has been replaced.
        let running = Path::new("/proc/self/exe");
        return Ok(if running.exists() {
            running.to_owned()
        } else {
            own
        });
    }
    let beside = own.ancestors().skip(1).take(2).map(Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("companion{}", std::env::consts::EXE_SUFFIX);
    beside
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(&name))
        .find(|program| program.is_file())
        .ok_or_else(|| {
            KernelError::NoProgram(
                "call companion::become_worker_if_asked() first in main, or put companion on \
                 the PATH"
                    .to_owned(),
            )
        })
}
