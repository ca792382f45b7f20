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

use super::timeline::{States, TravelError};
use super::wire::{self, Frame, Frames, FromWorker, ToKeeper, ToWorker, WireError};
use super::{Terms, worker};
use crate::protocol::{Completions, Language};

/// A worker that has not said it is ready after so long is not coming.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// Completions that take longer are not worth waiting for.
const COMPLETE_PATIENCE: Duration = Duration::from_secs(2);
/// What is kept of a worker's stderr, where it says why it dies.
const LAST_WORDS_BYTES: usize = 8 << 10;
/// A keeper that has not brought a state back after so long won't.
const RESTORE_PATIENCE: Duration = Duration::from_secs(5);
/// All states of a kernel may hold so many times its memory limit together, by an upper bound:
/// most of their pages are shared.
const STATES_BUDGET: u64 = 4;
/// More slots than this are not believed.
const MOST_SLOTS: usize = 64;

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
    /// An interpreter on a thread of this process asks no broker.
    #[error("there are no grants for Isolation::Thread: only workers reach files and hosts")]
    NoBroker,
}

/// A live worker process.
pub(super) struct Worker {
    child: Child,
    pub input: File,
    pub output: File,
    pub frames: Frames,
    errors: File,
    last_words: Vec<u8>,
    /// What can be gone back to.
    pub states: States,
}

impl Worker {
    pub fn start(language: Language, program: &Path, terms: Terms) -> Result<Self, KernelError> {
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
            states: States::new(0, 0),
        };
        let broken = |message| KernelError::Handshake { language, message };
        for pipe in [&worker.output, &worker.errors] {
            rustix::fs::fcntl_setfl(pipe, rustix::fs::OFlags::NONBLOCK)
                .map_err(|error| spawn(error.into()))?;
        }
        let hello = ToWorker::Hello {
            version: wire::VERSION,
            language,
            terms,
        };
        let answer = wire::send(&mut worker.input, &hello)
            .and_then(|()| worker.answer_within(START_PATIENCE));
        match answer {
            Ok(FromWorker::Ready {
                version: wire::VERSION,
                slots,
            }) => {
                let budget_bytes = terms.memory_bytes.saturating_mul(STATES_BUDGET);
                worker.states = States::new(slots.min(MOST_SLOTS), budget_bytes);
                Ok(worker)
            }
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
            while let Some(frame) = self.frames.next()? {
                match frame {
                    Frame::Message(FromWorker::Kept { slot, heap_bytes }) => {
                        self.kept(slot, heap_bytes)?;
                    }
                    Frame::Message(message) => return Ok(message),
                    // The interpreter may warn while it starts.
                    Frame::Text(..) => {}
                }
            }
            self.listen_until(deadline)?;
        }
    }

    /// Reads what the worker says next.
    fn listen_until(&mut self, deadline: Instant) -> Result<(), WireError> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(WireError::Malformed("it did not answer in time".to_owned()));
            }
            let mut waits = [PollFd::new(&self.output, PollFlags::IN)];
            match poll(&mut waits, Timespec::try_from(left).ok().as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.frames.fill(&mut self.output),
                Err(error) => return Err(WireError::Io(error.into())),
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

    /// Sends orders to the keeper.
    pub fn order(&mut self, orders: Vec<ToKeeper>) -> Result<(), WireError> {
        for order in orders {
            wire::send_to_keeper(&mut self.input, order)?;
        }
        Ok(())
    }

    /// Asks the keeper to keep the present state, if it is not kept yet.
    pub fn keep(&mut self) -> Result<(), WireError> {
        let orders = self.states.keep();
        self.order(orders)
    }

    /// Takes the keeper's answer to that.
    pub fn kept(&mut self, slot: usize, heap_bytes: Option<u64>) -> Result<(), WireError> {
        let orders = self.states.kept(slot, heap_bytes);
        self.order(orders)
    }

    /// Ends the runner and goes on from a state.
    pub fn restore(&mut self, slot: usize) -> Result<(), TravelError> {
        let broken = |error: WireError| TravelError::Broken(error.to_string());
        self.order(vec![ToKeeper::Restore { slot }])
            .map_err(broken)?;
        loop {
            match self.answer_within(RESTORE_PATIENCE).map_err(broken)? {
                FromWorker::Restored { slot: restored } if restored == slot => break,
                // It died on its own just now.
                FromWorker::RunnerDied { .. } => {}
                other => return Err(TravelError::Broken(format!("it answered {other:?}"))),
            }
        }
        self.states.restored();
        // What the dead one had to say is told already.
        self.take_last_words();
        Ok(())
    }

    /// Waits until every state that was asked for is kept, or refused.
    pub fn settle(&mut self) -> Result<(), WireError> {
        let deadline = Instant::now() + COMPLETE_PATIENCE;
        while self.states.is_pending() {
            while let Some(frame) = self.frames.next()? {
                match frame {
                    Frame::Message(FromWorker::Kept { slot, heap_bytes }) => {
                        self.kept(slot, heap_bytes)?;
                    }
                    other => return Err(WireError::Malformed(format!("{other:?} between cells"))),
                }
            }
            if !self.states.is_pending() {
                break;
            }
            self.listen_until(deadline)?;
        }
        Ok(())
    }

    /// What was said on stderr since the last look.
    pub fn take_last_words(&mut self) -> String {
        self.listen_to_errors();
        String::from_utf8_lossy(&std::mem::take(&mut self.last_words)).into_owned()
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
        (status, self.take_last_words())
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
