//! The parent's side of a kernel: starts the worker, feeds it, bounds it, buries it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::wire::{self, Frame, Frames, FromWorker, ToWorker, WireError};
use super::{Ending, ExecuteReply, ExecuteRequest, ReadLineError, worker};
use crate::protocol::{Completions, Cost, Language, LimitKind, Limits, Status, Stream};

/// A worker that has not said it is ready after so long is not coming.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// A cell that was asked to end has so long before its worker is killed.
const GRACE: Duration = Duration::from_secs(1);
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
}

/// One kernel: a language, its limits, and the worker, if one is alive.
pub(crate) struct Kernel {
    language: Language,
    program: PathBuf,
    memory_bytes: u64,
    worker: Option<Worker>,
    controls: Arc<Controls>,
}

/// What other threads may do to a running cell. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Controller(Arc<Controls>);

struct Controls {
    waiting: Mutex<Vec<Control>>,
    wake: (OwnedFd, OwnedFd),
}

#[derive(Debug)]
enum Control {
    Interrupt,
    Line(Result<String, ReadLineError>),
}

impl Controller {
    /// Ends the running cell; a second time, kills it at once.
    pub fn interrupt(&self) {
        self.push(Control::Interrupt);
    }

    /// Answers `read_line`.
    pub fn answer(&self, line: Result<String, ReadLineError>) {
        self.push(Control::Line(line));
    }

    fn push(&self, control: Control) {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(control);
        let _ = rustix::io::write(&self.0.wake.1, &[0]);
    }
}

/// What happens while a cell runs.
#[derive(Debug, PartialEq)]
pub(crate) enum KernelEvent {
    /// It printed.
    Output(Stream, String),
    /// It waits for a line: [`Controller::answer`].
    ReadLine(String),
    /// The line came.
    Answered(String),
}

/// How a cell ended, seen from outside.
#[derive(Debug, PartialEq)]
pub(crate) struct Finished {
    /// How.
    pub status: Status,
    /// The value of the last expression.
    pub result: Option<String>,
    /// At which price.
    pub cost: Cost,
}

impl Kernel {
    /// A kernel whose worker starts with the first cell, or with [`Self::start`].
    ///
    /// # Errors
    /// When the system gives no pipe.
    pub fn new(language: Language, program: PathBuf, limits: &Limits) -> Result<Self, KernelError> {
        let wake = rustix::pipe::pipe_with(
            rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK,
        )
        .map_err(|error| KernelError::Spawn {
            language,
            program: program.clone(),
            source: error.into(),
        })?;
        let controls = Arc::new(Controls {
            waiting: Mutex::new(Vec::new()),
            wake,
        });
        Ok(Self {
            language,
            program,
            memory_bytes: limits.memory_bytes,
            worker: None,
            controls,
        })
    }

    /// A handle for other threads.
    pub fn controller(&self) -> Controller {
        Controller(Arc::clone(&self.controls))
    }

    /// Starts the worker if none is alive. Returns whether one was started.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(&mut self) -> Result<bool, KernelError> {
        if let Some(worker) = &mut self.worker
            && worker.is_alive()
        {
            return Ok(false);
        }
        self.worker = None;
        self.worker = Some(Worker::start(
            self.language,
            &self.program,
            self.memory_bytes,
        )?);
        Ok(true)
    }

    /// Throws the worker and its variables away. The next one may hold `memory_bytes`.
    pub fn restart(&mut self, memory_bytes: u64) {
        self.memory_bytes = memory_bytes;
        self.worker = None;
    }

    /// Runs code to its end, its error, its limit or its interruption.
    pub fn execute(
        &mut self,
        request: ExecuteRequest,
        limits: &Limits,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Finished {
        let died = |message| Finished {
            status: Status::Died { message },
            result: None,
            cost: Cost::default(),
        };
        self.take_controls();
        if let Err(error) = self.start() {
            return died(error.to_string());
        }
        let memory_bytes = self.memory_bytes;
        let controls = Arc::clone(&self.controls);
        let Some(worker) = &mut self.worker else {
            return died("no worker".to_owned());
        };
        let started = Instant::now();
        let mut run = Run {
            worker,
            limits,
            memory_bytes,
            started,
            waited: Duration::ZERO,
            asked_at: None,
            why: None,
            kill_at: None,
            printed_bytes: 0,
        };
        let finished = match wire::send(&mut run.worker.input, &ToWorker::Execute(request)) {
            Ok(()) => run.run_to_end(&controls, on_event),
            Err(error) => Err(error),
        };
        match finished {
            Ok(finished) => finished,
            Err(error) => {
                let finished = run.bury(&error);
                self.worker = None;
                finished
            }
        }
    }

    /// Asks for the ways to go on. None if the kernel has not been started, or does not answer.
    pub fn complete(&mut self, source: String, cursor: usize) -> Completions {
        let Some(worker) = &mut self.worker else {
            return Completions::default();
        };
        if let Ok(completions) = worker.complete(source, cursor) {
            completions
        } else {
            self.worker = None;
            Completions::default()
        }
    }

    /// Orders that came in since the last look; they belong to the cell before.
    fn take_controls(&self) -> Vec<Control> {
        take(&self.controls)
    }
}

fn take(controls: &Controls) -> Vec<Control> {
    let mut bytes = [0; 64];
    while rustix::io::read(&controls.wake.0, &mut bytes).is_ok_and(|read| read == bytes.len()) {}
    std::mem::take(
        &mut controls
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    )
}

/// Why a cell was told to end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    User,
    Limit(LimitKind),
}

/// A cell on its way.
struct Run<'a> {
    worker: &'a mut Worker,
    limits: &'a Limits,
    memory_bytes: u64,
    started: Instant,
    /// Time that the cell spent waiting for the user: not its own.
    waited: Duration,
    asked_at: Option<Instant>,
    why: Option<Why>,
    kill_at: Option<Instant>,
    printed_bytes: u64,
}

impl Run<'_> {
    /// Listens until the worker is done with the cell. An error means that it is done for.
    fn run_to_end(
        &mut self,
        controls: &Controls,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Result<Finished, WireError> {
        loop {
            let now = Instant::now();
            if self.kill_at.is_some_and(|kill_at| now >= kill_at) {
                self.worker.kill();
                self.kill_at = None;
            }
            if self.why.is_none() && self.deadline().is_some_and(|deadline| now >= deadline) {
                self.end(Why::Limit(LimitKind::Time))?;
            }
            let [speaks, is_told] = self.worker.wait(
                controls.wake.0.as_fd(),
                [self.kill_at, self.deadline().filter(|_| self.why.is_none())],
            )?;
            if is_told {
                for control in take(controls) {
                    self.obey(control, on_event)?;
                }
            }
            if speaks {
                self.worker.frames.fill(&mut self.worker.output)?;
            }
            while let Some(frame) = self.worker.frames.next()? {
                if let Some(finished) = self.take(frame, on_event)? {
                    return Ok(finished);
                }
            }
        }
    }

    /// Takes one frame; the last one ends the cell.
    fn take(
        &mut self,
        frame: Frame<FromWorker>,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Result<Option<Finished>, WireError> {
        match frame {
            Frame::Text(stream, mut text) => {
                if matches!(self.why, Some(Why::Limit(LimitKind::Output))) {
                    return Ok(None);
                }
                let room = self.limits.output_bytes.saturating_sub(self.printed_bytes);
                self.printed_bytes += text.len() as u64;
                if text.len() as u64 > room {
                    let room = usize::try_from(room).unwrap_or(usize::MAX);
                    text.truncate(text.floor_char_boundary(room));
                    if self.why.is_none() {
                        self.end(Why::Limit(LimitKind::Output))?;
                    }
                }
                on_event(KernelEvent::Output(stream, text));
            }
            Frame::Message(FromWorker::ReadLine { prompt }) => {
                self.asked_at = Some(Instant::now());
                on_event(KernelEvent::ReadLine(prompt));
            }
            Frame::Message(FromWorker::Done { reply, cost }) => {
                return Ok(Some(self.finish(reply, cost)));
            }
            Frame::Message(other) => {
                return Err(WireError::Malformed(format!(
                    "{other:?} in the middle of a cell"
                )));
            }
        }
        Ok(None)
    }

    fn deadline(&self) -> Option<Instant> {
        if self.asked_at.is_some() {
            return None;
        }
        self.limits
            .timeout
            .map(|timeout| self.started + self.waited + timeout)
    }

    fn obey(
        &mut self,
        control: Control,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Result<(), WireError> {
        match control {
            Control::Line(line) => {
                if let Ok(line) = &line {
                    on_event(KernelEvent::Answered(line.clone()));
                }
                if let Some(asked_at) = self.asked_at.take() {
                    self.waited += asked_at.elapsed();
                }
                wire::send(&mut self.worker.input, &ToWorker::Line(line))
            }
            Control::Interrupt if self.why.is_none() => self.end(Why::User),
            Control::Interrupt => {
                self.kill_at = Some(Instant::now());
                Ok(())
            }
        }
    }

    fn end(&mut self, why: Why) -> Result<(), WireError> {
        self.why = Some(why);
        self.asked_at = None;
        self.kill_at = Some(Instant::now() + GRACE);
        wire::send(&mut self.worker.input, &ToWorker::Interrupt)
    }

    fn finish(&self, reply: ExecuteReply, mut cost: Cost) -> Finished {
        cost.execution_time = cost.execution_time.saturating_sub(self.waited);
        let status = match (reply.ending, self.why) {
            (Ending::Interrupted, Some(Why::Limit(kind))) => self.limit(kind, false),
            (Ending::Interrupted, _) => Status::Interrupted {
                variables_lost: false,
            },
            (Ending::OutOfMemory, _) => self.limit(LimitKind::Memory, false),
            (Ending::Ok, _) => Status::Ok,
            (Ending::Exit { code }, _) => Status::Exit { code },
            (
                Ending::Error {
                    ename,
                    evalue,
                    traceback,
                },
                _,
            ) => Status::Error {
                ename,
                evalue,
                traceback,
            },
        };
        // The output was cut whatever the cell did afterwards.
        let status = match self.why {
            Some(Why::Limit(LimitKind::Output)) => self.limit(LimitKind::Output, false),
            _ => status,
        };
        Finished {
            status,
            result: reply.result,
            cost,
        }
    }

    fn limit(&self, kind: LimitKind, variables_lost: bool) -> Status {
        let message = match kind {
            LimitKind::Time => format!(
                "time limit of {} s reached",
                self.limits.timeout.unwrap_or_default().as_secs_f64()
            ),
            LimitKind::Memory => {
                format!("memory limit of {} MiB reached", self.memory_bytes >> 20)
            }
            LimitKind::Output => {
                format!(
                    "output limit of {} MiB reached",
                    self.limits.output_bytes >> 20
                )
            }
        };
        Status::Limit {
            kind,
            message,
            variables_lost,
        }
    }

    /// The worker is dead, or has to be: says what is known about the end of its cell.
    fn bury(&mut self, error: &WireError) -> Finished {
        let is_gone = matches!(error, WireError::Closed | WireError::Io(_));
        let (status, last_words) = self.worker.bury(is_gone);
        let is_out_of_memory =
            last_words.contains("memory allocation of") || last_words.contains("out of memory");
        let status = match self.why {
            Some(Why::User) => Status::Interrupted {
                variables_lost: true,
            },
            Some(Why::Limit(kind)) => self.limit(kind, true),
            None if is_out_of_memory => self.limit(LimitKind::Memory, true),
            None if !is_gone => Status::Died {
                message: format!("the kernel broke the protocol: {error}"),
            },
            None => Status::Died {
                message: obituary(status, &last_words),
            },
        };
        let execution_time = self.started.elapsed().saturating_sub(self.waited);
        let cost = Cost {
            execution_time,
            peak_memory_bytes: 0,
        };
        Finished {
            status,
            result: None,
            cost,
        }
    }
}

fn obituary(status: Option<ExitStatus>, last_words: &str) -> String {
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

/// A live worker process.
struct Worker {
    child: Child,
    input: File,
    output: File,
    frames: Frames,
    errors: File,
    last_words: Vec<u8>,
}

impl Worker {
    fn start(language: Language, program: &Path, memory_bytes: u64) -> Result<Self, KernelError> {
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
    fn wait(
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

    fn complete(&mut self, source: String, cursor: usize) -> Result<Completions, WireError> {
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

    fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the worker and whatever it may have started.
    fn kill(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id())
            && let Some(pid) = Pid::from_raw(pid)
        {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.kill();
    }

    /// Waits for the end of a worker that is going, or makes one of it that is not.
    fn bury(&mut self, is_going: bool) -> (Option<ExitStatus>, String) {
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
