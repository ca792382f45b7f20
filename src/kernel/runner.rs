//! The runner: the process that holds the interpreter, one pipe in, one pipe out.
//!
//! Two threads. One (the *watch*) reads frames, hands requests over, passes interrupts and lines
//! on to the cell that runs, and sends output that waited too long. The other one runs the
//! interpreter and answers. A thread for each cell instead would cost more than a small cell
//! does, and on a busy machine every start and end of it waits for the scheduler.
//!
//! Between cells the interpreter's thread may fork: the child sleeps as the snapshot of that
//! moment, and what wakes up from it goes on here with a watch of its own.

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

use super::snapshot::{Snapshots, leave};
use super::wire::{self, Frame, FromWorker, ToWorker};
use super::worker::BROKEN;
use super::{
    Build, ExecuteRequest, Host, HostCall, HostCallError, HostReturn, Interpreter, Meter,
    ReadLineError, Terms, memory,
};
use crate::jail;
use crate::protocol::{Completions, Cost, LimitKind, Stream};

/// Native stack of the interpreter.
pub(super) const STACK_BYTES: usize = 256 << 20;
/// Native stack of the watch of a woken snapshot.
const WATCH_STACK_BYTES: usize = 1 << 20;
/// Output is sent at once when it has gathered so much, …
const CHUNK_BYTES: usize = 16 << 10;
/// … and after so long at the latest.
const CHUNK_DELAY: Duration = Duration::from_millis(8);
/// The system's own bound on CPU time comes so much later than ours.
const BACKSTOP: Duration = Duration::from_secs(2);
/// What a tool gives back may be so long, as JSON.
const MAX_RETURNED_BYTES: usize = 4 << 20;
/// A result or traceback longer than this is cut.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// What a runner holds of the world.
pub(super) struct Seat {
    /// Frames from the parent.
    pub input: File,
    /// Frames to the parent.
    pub output: File,
    /// The way to leave snapshots behind.
    pub snapshots: Snapshots,
}

/// Runs cells until the parent closes its pipe. The exit code.
pub(super) fn run(seat: Seat, build: Build, terms: Terms) -> i32 {
    let Ok((woken, wake)) = std::io::pipe() else {
        return BROKEN;
    };
    let Seat {
        input,
        output,
        snapshots,
    } = seat;
    let shared = Arc::new(Shared {
        terms,
        gate: Mutex::new(()),
        input,
        output: Mutex::new(Output {
            pipe: output,
            held: String::new(),
            stream: Stream::Stdout,
            last_sent: Instant::now(),
        }),
        wake: (woken.into(), wake.into()),
        is_running: AtomicBool::new(false),
        cpu_end: Mutex::new(None),
        is_interrupted: AtomicBool::new(false),
        on_interrupt: OnceLock::new(),
        meter: Arc::default(),
        line: Mutex::new(None),
        line_came: Condvar::new(),
        calls: AtomicU64::new(0),
        returned: Mutex::new(None),
        return_came: Condvar::new(),
    });
    let thread = std::thread::Builder::new()
        .name("interpreter".into())
        .stack_size(STACK_BYTES);
    let (requests, inbox) = mpsc::channel();
    let interpreter = {
        let shared = Arc::clone(&shared);
        thread.spawn(move || {
            let serve = AssertUnwindSafe(|| serve(&shared, &snapshots, build, inbox));
            // A panic has been printed to stderr, which the parent reads.
            leave(catch_unwind(serve).unwrap_or(101));
        })
    };
    if interpreter.is_err() {
        let message = "no memory for the interpreter's stack".to_owned();
        shared.send(&FromWorker::StartFailed { message });
        return BROKEN;
    }
    watch(&shared, &requests)
}

/// Builds the interpreter and answers requests until there are no more.
fn serve(
    shared: &Arc<Shared>,
    snapshots: &Snapshots,
    build: Build,
    mut inbox: Receiver<Request>,
) -> i32 {
    let mut interpreter = match build(shared.clone()) {
        Ok(interpreter) => interpreter,
        Err(error) => {
            let message = error.to_string();
            shared.send(&FromWorker::StartFailed { message });
            return BROKEN;
        }
    };
    shared.send(&FromWorker::Ready {
        version: wire::VERSION,
        slots: snapshots.slots(),
    });
    while let Ok(request) = inbox.recv() {
        let answer = match request {
            Request::Fork { slot } => {
                if fork(shared, snapshots, slot) {
                    inbox = match listen_anew(shared) {
                        Ok(inbox) => inbox,
                        Err(_) => return BROKEN,
                    };
                    snapshots.announce(slot);
                }
                continue;
            }
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

/// Leaves a snapshot of this process behind. Returns once here, and once in each process that the
/// snapshot becomes when it is woken: true there.
fn fork(shared: &Shared, snapshots: &Snapshots, slot: usize) -> bool {
    // The fork has this thread only: nothing may be locked by the other one.
    let _gate = lock(&shared.gate);
    let mut output = lock(&shared.output);
    output.send_held();
    snapshots.fork(slot, memory::in_use())
}

/// Starts the thread that a fork does not have.
fn listen_anew(shared: &Arc<Shared>) -> std::io::Result<Receiver<Request>> {
    // The other side of the fork may have been told to run a cell before it got to forking.
    shared.begin(false);
    let (requests, inbox) = mpsc::channel();
    let shared = Arc::clone(shared);
    std::thread::Builder::new()
        .name("watch".into())
        .stack_size(WATCH_STACK_BYTES)
        .spawn(move || leave(watch(&shared, &requests)))?;
    Ok(inbox)
}

fn execute(
    shared: &Shared,
    interpreter: &mut dyn Interpreter,
    request: &ExecuteRequest,
) -> FromWorker {
    memory::begin_cell(shared.terms.memory_bytes);
    shared.meter.begin(request.fuel);
    let started = Instant::now();
    let mut reply = interpreter.execute(request);
    let cost = Cost {
        execution_time: started.elapsed(),
        peak_memory_bytes: memory::peak(),
        fuel_used: shared.meter.used(),
        waited: Duration::ZERO,
    };
    // Before the answer: behind it, the next cell may already be on its way.
    shared.is_running.store(false, Ordering::SeqCst);
    match (&request.mode, &mut reply.result) {
        // It is JSON: a part of it is none.
        (super::ExecuteMode::Tool { .. }, Some(result)) if result.len() > MAX_RETURNED_BYTES => {
            let evalue = format!(
                "the result has {} bytes, and {MAX_RETURNED_BYTES} are the most: give back less, or a \
                 picture, which goes by its handle",
                result.len()
            );
            reply.ending = super::Ending::Error {
                ename: "ValueError".to_owned(),
                traceback: evalue.clone(),
                evalue,
            };
            reply.result = None;
        }
        (super::ExecuteMode::Tool { .. }, _) => {}
        (_, result) => *result = result.take().map(cut),
    }
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
    Fork { slot: usize },
}

/// Reads the pipe until the parent closes it. The exit code.
fn watch(shared: &Shared, requests: &Sender<Request>) -> i32 {
    let mut must_send_soon = false;
    loop {
        let mut waits = [
            PollFd::new(&shared.input, PollFlags::IN),
            PollFd::new(&shared.wake.0, PollFlags::IN),
        ];
        let delays = [
            must_send_soon.then_some(CHUNK_DELAY),
            shared.cpu_time_left(),
        ];
        let delay = delays.into_iter().flatten().min();
        let delay = delay.and_then(|delay| Timespec::try_from(delay).ok());
        match poll(&mut waits, delay.as_ref()) {
            // Nobody but this thread can poke again before the byte is read.
            Ok(0) => {
                if shared.cpu_time_left() == Some(Duration::ZERO) {
                    // Once: the parent sees to the end, and the system behind it.
                    *lock(&shared.cpu_end) = Some(Duration::MAX);
                    let kind = LimitKind::Cpu;
                    shared.send(&FromWorker::Reached { kind });
                }
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
        let _gate = lock(&shared.gate);
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
            Ok(Frame::Message(ToWorker::Return {
                id,
                outcome,
                fuel_used,
            })) => {
                if is_running {
                    *lock(&shared.returned) = Some((id, outcome, fuel_used));
                    shared.return_came.notify_all();
                }
                continue;
            }
            Ok(Frame::Message(ToWorker::Execute(request))) if !is_running => {
                shared.begin(true);
                if let Some(time) = request.cpu_time {
                    shared.bound_cpu_time(time);
                }
                Request::Execute(request)
            }
            Ok(Frame::Message(ToWorker::Complete { source, cursor })) if !is_running => {
                Request::Complete { source, cursor }
            }
            Ok(Frame::Message(ToWorker::Fork { slot })) if !is_running => Request::Fork { slot },
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
    terms: Terms,
    /// Held by the watch while it does anything but wait: whoever has it may fork.
    gate: Mutex<()>,
    input: File,
    output: Mutex<Output>,
    /// A pipe that ends the watch's `poll`: output is held.
    wake: (OwnedFd, OwnedFd),
    /// A cell runs: interruptions and lines are for it.
    is_running: AtomicBool,
    /// What the processor's clock of this process says when the time of the cell is used up.
    cpu_end: Mutex<Option<Duration>>,
    is_interrupted: AtomicBool,
    on_interrupt: OnceLock<Box<dyn Fn() + Send + Sync>>,
    meter: Arc<Meter>,
    line: Mutex<Option<Result<String, ReadLineError>>>,
    line_came: Condvar,
    /// Calls so far: each has a number, and waits for the answer to its own.
    calls: AtomicU64,
    returned: Mutex<Option<(u64, Result<HostReturn, HostCallError>, u64)>>,
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
            leave(BROKEN);
        }
    }

    /// Forgets what was for the cell before.
    fn begin(&self, runs: bool) {
        self.is_interrupted.store(false, Ordering::SeqCst);
        *lock(&self.line) = None;
        *lock(&self.returned) = None;
        if lock(&self.cpu_end).take().is_some() {
            jail::bound_processor_time(None);
        }
        self.is_running.store(runs, Ordering::SeqCst);
    }

    fn bound_cpu_time(&self, time: Duration) {
        let end = time_on_processors() + time;
        *lock(&self.cpu_end) = Some(end);
        jail::bound_processor_time(Some(end + BACKSTOP));
    }

    /// How long the cell may go on at least: it has one processor.
    fn cpu_time_left(&self) -> Option<Duration> {
        let end = (*lock(&self.cpu_end)).filter(|_| self.is_running.load(Ordering::SeqCst))?;
        Some(end.saturating_sub(time_on_processors()))
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
        let fuel_left = self.meter.left();
        self.send(&FromWorker::Call {
            id: own,
            call,
            fuel_left,
        });
        let mut returned = lock(&self.returned);
        loop {
            if let Some((id, outcome, fuel_used)) = returned.take()
                && id == own
            {
                self.meter.charge(fuel_used);
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

    fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    fn guards(&self) -> bool {
        self.terms.guards
    }
}

/// What this process has had of the processors.
fn time_on_processors() -> Duration {
    // Not rustix's: it looks for the vDSO first, by calls that the jail does not let through.
    // SAFETY: zero is a valid value of the struct, which outlives the call.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time);
        time
    };
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanoseconds)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these hold is whole between any two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        let total = text.len();
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        let _ = write!(text, "\n… cut here: {total} bytes in all\n");
    }
    text
}
