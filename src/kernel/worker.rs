//! The worker process: one interpreter, one pipe in, one pipe out, and nothing else.
//!
//! Two threads. The first one (the *watch*) reads frames, hands requests over, passes interrupts
//! and lines on to the cell that runs, and sends output that waited too long. The other one runs
//! the interpreter and answers. A thread for each cell instead would cost more than a small cell
//! does, and on a busy machine every start and end of it waits for the scheduler.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::wire::{self, Frame, FromWorker, ToWorker};
use super::{
    ExecuteRequest, Host, HostCall, HostCallError, HostReturn, Interpreter, ReadLineError, memory,
    spec,
};
use crate::protocol::{Completions, Cost, Language, Stream};

/// What the parent puts in `argv[1]` of a worker.
pub(super) const ARGUMENT: &str = "__companion-kernel";

/// Native stack of the interpreter.
const STACK_BYTES: usize = 256 << 20;
/// Address space beyond heap and stack: the binary, libc, thread stacks, fragmentation.
const OVERHEAD_BYTES: u64 = 300 << 20;
/// Output is sent at once when it has gathered so much, …
const CHUNK_BYTES: usize = 16 << 10;
/// … and after so long at the latest.
const CHUNK_DELAY: Duration = Duration::from_millis(8);
/// A result or traceback longer than this is cut.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Turns this process into a kernel worker if it was started as one, and never returns then.
///
/// A program that uses [`crate::CodeExecutor`] calls it first in `main`: the executor starts
/// the program's own binary again to run code in.
pub fn become_worker_if_asked() {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == ARGUMENT)
    {
        std::process::exit(run());
    }
    HOOK_SET.store(true, Ordering::Relaxed);
}

static HOOK_SET: AtomicBool = AtomicBool::new(false);

/// Whether this binary can be started as a worker.
pub(super) fn is_hook_set() -> bool {
    HOOK_SET.load(Ordering::Relaxed)
}

/// Exit code of a worker whose parent broke the protocol, or went away.
const BROKEN: i32 = 70;

fn run() -> i32 {
    let Some((input, output)) = take_pipes() else {
        return BROKEN;
    };
    let mut input = File::from(input);
    let Ok(Frame::Message(ToWorker::Hello {
        version,
        language,
        memory_bytes,
    })) = wire::receive(&mut input)
    else {
        return BROKEN;
    };
    let shared = Arc::new(Shared {
        memory_bytes,
        input,
        output: Mutex::new(Output {
            pipe: File::from(output),
            held: String::new(),
            stream: Stream::Stdout,
            last_sent: Instant::now(),
        }),
        wake: match rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) {
            Ok(wake) => wake,
            Err(_) => return BROKEN,
        },
        is_running: AtomicBool::new(false),
        is_interrupted: AtomicBool::new(false),
        on_interrupt: OnceLock::new(),
        line: Mutex::new(None),
        line_came: Condvar::new(),
        calls: AtomicU64::new(0),
        returned: Mutex::new(None),
        return_came: Condvar::new(),
    });
    if version != wire::VERSION {
        let message = format!(
            "it speaks version {} of the protocol, not {version}",
            wire::VERSION
        );
        shared.send(&FromWorker::StartFailed { message });
        return BROKEN;
    }
    close_doors(memory_bytes);
    memory::set_limit(memory_bytes);
    let thread = std::thread::Builder::new()
        .name("interpreter".into())
        .stack_size(STACK_BYTES);
    let (requests, inbox) = mpsc::channel();
    let interpreter = {
        let shared = Arc::clone(&shared);
        thread.spawn(move || {
            let serve = AssertUnwindSafe(|| serve(&shared, language, &inbox));
            // A panic has been printed to stderr, which the parent reads.
            std::process::exit(catch_unwind(serve).unwrap_or(101));
        })
    };
    if interpreter.is_err() {
        let message = "no memory for the interpreter's stack".to_owned();
        shared.send(&FromWorker::StartFailed { message });
        return BROKEN;
    }
    watch(&shared, &requests)
}

/// Takes standard input and output for the frames, and leaves a bare `write(1)` of some library
/// nothing to break: standard output becomes standard error, standard input is empty.
fn take_pipes() -> Option<(OwnedFd, OwnedFd)> {
    close_inherited();
    let keep = |fd| rustix::io::fcntl_dupfd_cloexec(fd, 3).ok();
    let input = keep(rustix::stdio::stdin())?;
    let output = keep(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).ok()?;
    let nothing = File::open("/dev/null").ok()?;
    rustix::stdio::dup2_stdin(&nothing).ok()?;
    Some((input, output))
}

/// Closes what whoever started the parent forgot to close. Runs before this process opens
/// anything.
fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else {
        return;
    };
    let open: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > 2)
        .collect();
    for fd in open {
        // SAFETY: nothing in this process owns a descriptor above 2 yet. The one that the
        // listing used is in the list too, and closed by now: closing it again is an error that
        // changes nothing.
        unsafe { rustix::io::close(fd) };
    }
}

/// The walls of this process that need no privileges. The jail goes here.
fn close_doors(memory_bytes: u64) {
    let cap = |resource, value| {
        // A lower limit is already in force if this fails, or the system has no such limit.
        let _ = setrlimit(
            resource,
            Rlimit {
                current: Some(value),
                maximum: Some(value),
            },
        );
    };
    cap(Resource::Core, 0);
    cap(Resource::Fsize, 0);
    cap(Resource::Nofile, 16);
    cap(
        Resource::As,
        memory_bytes.saturating_add(STACK_BYTES as u64 + OVERHEAD_BYTES),
    );
}

/// Builds the interpreter and answers requests until there are no more.
fn serve(shared: &Arc<Shared>, language: Language, inbox: &Receiver<Request>) -> i32 {
    let mut interpreter = match (spec(language).start)(shared.clone()) {
        Ok(interpreter) => interpreter,
        Err(error) => {
            let message = error.to_string();
            shared.send(&FromWorker::StartFailed { message });
            return BROKEN;
        }
    };
    let version = wire::VERSION;
    shared.send(&FromWorker::Ready { version });
    while let Ok(request) = inbox.recv() {
        let answer = match request {
            Request::Execute(request) => execute(shared, interpreter.as_mut(), &request),
            Request::Complete { source, cursor } => {
                let at = source.floor_char_boundary(cursor);
                let mut completions = interpreter.complete(&source, at);
                if completions.start > completions.end || completions.end > source.len() {
                    completions = Completions::default();
                }
                FromWorker::Completions(completions)
            }
        };
        shared.send(&answer);
    }
    0
}

fn execute(
    shared: &Shared,
    interpreter: &mut dyn Interpreter,
    request: &ExecuteRequest,
) -> FromWorker {
    memory::begin_cell(shared.memory_bytes);
    let started = Instant::now();
    let mut reply = interpreter.execute(request);
    let cost = Cost {
        execution_time: started.elapsed(),
        peak_memory_bytes: memory::peak(),
        fuel_used: 0,
    };
    // Before the answer: behind it, the next cell may already be on its way.
    shared.is_running.store(false, Ordering::SeqCst);
    reply.result = reply.result.map(cut);
    if let super::Ending::Error {
        evalue, traceback, ..
    } = &mut reply.ending
    {
        *evalue = cut(std::mem::take(evalue));
        *traceback = cut(std::mem::take(traceback));
    }
    FromWorker::Done { reply, cost }
}

/// What the interpreter's thread is asked for.
enum Request {
    Execute(ExecuteRequest),
    Complete { source: String, cursor: usize },
}

/// Reads the pipe until the parent closes it. The exit code.
fn watch(shared: &Shared, requests: &Sender<Request>) -> i32 {
    let mut must_send_soon = false;
    loop {
        let mut waits = [
            PollFd::new(&shared.input, PollFlags::IN),
            PollFd::new(&shared.wake.0, PollFlags::IN),
        ];
        let delay = Timespec::try_from(CHUNK_DELAY)
            .ok()
            .filter(|_| must_send_soon);
        match poll(&mut waits, delay.as_ref()) {
            // Nobody but this thread can poke again before the byte is read.
            Ok(0) => {
                // If the interpreter holds the lock it is sending, or about to.
                if let Ok(mut output) = shared.output.try_lock() {
                    output.send_held();
                    must_send_soon = false;
                }
                continue;
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return BROKEN,
        }
        let [input, wake] = waits.map(|wait| wait.revents());
        if !wake.is_empty() {
            let mut bytes = [0; 64];
            let _ = rustix::io::read(&shared.wake.0, &mut bytes);
            must_send_soon = true;
        }
        if input.is_empty() {
            continue;
        }
        let is_running = shared.is_running.load(Ordering::SeqCst);
        let request = match wire::receive(&mut &shared.input) {
            Ok(Frame::Message(ToWorker::Interrupt)) => {
                // It can cross the end of its cell on the way, and so can a line.
                if is_running {
                    shared.interrupt();
                }
                continue;
            }
            Ok(Frame::Message(ToWorker::Line(line))) => {
                if is_running {
                    *lock(&shared.line) = Some(line);
                    shared.line_came.notify_all();
                }
                continue;
            }
            Ok(Frame::Message(ToWorker::Return { id, outcome })) => {
                if is_running {
                    *lock(&shared.returned) = Some((id, outcome));
                    shared.return_came.notify_all();
                }
                continue;
            }
            Ok(Frame::Message(ToWorker::Execute(request))) if !is_running => {
                shared.is_interrupted.store(false, Ordering::SeqCst);
                *lock(&shared.line) = None;
                shared.is_running.store(true, Ordering::SeqCst);
                Request::Execute(request)
            }
            Ok(Frame::Message(ToWorker::Complete { source, cursor })) if !is_running => {
                Request::Complete { source, cursor }
            }
            Err(wire::WireError::Closed) if !is_running => return 0,
            // The parent is gone, or talks nonsense: nothing is left to do, whatever runs.
            Ok(_) | Err(_) => return BROKEN,
        };
        if requests.send(request).is_err() {
            return BROKEN;
        }
    }
}

/// What the interpreter's thread and the watch share.
struct Shared {
    memory_bytes: u64,
    input: File,
    output: Mutex<Output>,
    /// A pipe that ends the watch's `poll`: output is held.
    wake: (OwnedFd, OwnedFd),
    /// A cell runs: interruptions and lines are for it.
    is_running: AtomicBool,
    is_interrupted: AtomicBool,
    on_interrupt: OnceLock<Box<dyn Fn() + Send + Sync>>,
    line: Mutex<Option<Result<String, ReadLineError>>>,
    line_came: Condvar,
    /// Calls so far: each has a number, and waits for the answer to its own.
    calls: AtomicU64,
    returned: Mutex<Option<(u64, Result<HostReturn, HostCallError>)>>,
    return_came: Condvar,
}

/// The pipe out, and output that has not been sent yet.
struct Output {
    pipe: File,
    held: String,
    stream: Stream,
    last_sent: Instant,
}

impl Output {
    /// If the parent is gone the watch ends the process: an error here needs no answer.
    fn send_held(&mut self) {
        if !self.held.is_empty() {
            let _ = wire::send_text(&mut self.pipe, self.stream, &self.held);
            self.held.clear();
        }
        self.last_sent = Instant::now();
    }
}

impl Shared {
    fn send(&self, message: &FromWorker) {
        let mut output = lock(&self.output);
        output.send_held();
        let sent = wire::send(&mut output.pipe, message);
        if let Err(error) = sent {
            let _ = writeln!(std::io::stderr(), "{error}");
            std::process::exit(BROKEN);
        }
    }

    fn poke(&self) {
        let _ = rustix::io::write(&self.wake.1, &[0]);
    }

    fn interrupt(&self) {
        if !self.is_interrupted.swap(true, Ordering::SeqCst) {
            self.line_came.notify_all();
            self.return_came.notify_all();
            if let Some(wake) = self.on_interrupt.get() {
                wake();
            }
        }
    }
}

impl Host for Shared {
    fn write(&self, stream: Stream, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut output = lock(&self.output);
        if output.stream != stream {
            output.send_held();
            output.stream = stream;
        }
        let was_empty = output.held.is_empty();
        output.held.push_str(text);
        // The first words after a silence go out at once; a flood is gathered.
        if output.held.len() >= CHUNK_BYTES || output.last_sent.elapsed() > CHUNK_DELAY {
            output.send_held();
        } else if was_empty {
            drop(output);
            self.poke();
        }
    }

    fn read_line(&self, prompt: &str) -> Result<String, ReadLineError> {
        self.send(&FromWorker::ReadLine {
            prompt: cut(prompt.to_owned()),
        });
        let mut line = lock(&self.line);
        loop {
            if self.is_interrupted() {
                return Err(ReadLineError::Interrupted);
            }
            if let Some(line) = line.take() {
                return line;
            }
            // The time-out covers the moment between the check above and the wait.
            let wait = self.line_came.wait_timeout(line, Duration::from_millis(50));
            line = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn call(&self, call: HostCall) -> Result<HostReturn, HostCallError> {
        // A file is written and closed on the way out of a cell, too; the network waits for
        // nobody who has been interrupted.
        let gives_up = call.is_slow();
        if gives_up && self.is_interrupted() {
            return Err(HostCallError::interrupted());
        }
        let own = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        self.send(&FromWorker::Call { id: own, call });
        let mut returned = lock(&self.returned);
        loop {
            if let Some((id, outcome)) = returned.take()
                && id == own
            {
                return outcome;
            }
            if gives_up && self.is_interrupted() {
                return Err(HostCallError::interrupted());
            }
            let wait = self
                .return_came
                .wait_timeout(returned, Duration::from_millis(50));
            returned = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Relaxed)
    }

    fn on_interrupt(&self, wake: Box<dyn Fn() + Send + Sync>) {
        // A second interpreter in one worker does not exist.
        let _ = self.on_interrupt.set(wake);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these hold is whole between any two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        let total = text.len();
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        let _ = write!(text, "\n… cut here: {total} bytes in all\n");
    }
    text
}
