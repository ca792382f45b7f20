//! An interpreter on a thread of this process: for code that is trusted not to break out.
//!
//! Fuel, interruption at the limit on time, the limit on output and the soft limit on memory hold
//! as in a worker. What a worker has and this has not: a jail around it, and a death of its own.
//! A native stack overflow ends the program, and a loop inside a native function can't be ended
//! at all: after [`GRACE`] the thread is left to itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::{
    Ending, ExecuteReply, ExecuteRequest, Finished, Host, KernelError, Meter, ReadLineError, Start,
    memory, runner, spec,
};
use crate::protocol::{Cost, Language, LimitKind, Limits, Status, Stream, Variables};

/// A cell that was told to end has so long before its thread is given up.
const GRACE: Duration = Duration::from_secs(2);
/// A thread whose kernel is dropped has so long to end.
const FAREWELL: Duration = Duration::from_millis(500);

/// Whether a Python is alive on a thread: RustPython keeps the flag that announces signals in a
/// static, and two would take each other's.
static HAS_PYTHON: AtomicBool = AtomicBool::new(false);

/// A kernel on a thread.
pub(crate) struct ThreadKernel {
    language: Language,
    limits: Limits,
    host: Arc<ThreadHost>,
    /// None once the thread was given up.
    requests: Option<Sender<ExecuteRequest>>,
    events: Receiver<Event>,
}

/// What comes from the thread.
enum Event {
    Ready,
    StartFailed(String),
    Output(Stream, String),
    Done(ExecuteReply, Cost),
    /// The interpreter is gone.
    Over,
}

/// The world as an interpreter on a thread sees it.
struct ThreadHost {
    events: Sender<Event>,
    is_interrupted: AtomicBool,
    on_interrupt: OnceLock<Box<dyn Fn() + Send + Sync>>,
    meter: Arc<Meter>,
    /// Bytes that the cell may still print.
    room: AtomicU64,
    was_cut: AtomicBool,
}

impl ThreadHost {
    fn interrupt(&self) {
        if !self.is_interrupted.swap(true, Ordering::SeqCst)
            && let Some(wake) = self.on_interrupt.get()
        {
            wake();
        }
    }
}

impl Host for ThreadHost {
    fn write(&self, stream: Stream, text: &str) {
        let room = self.room.load(Ordering::Relaxed);
        let fits = text.floor_char_boundary(usize::try_from(room).unwrap_or(usize::MAX));
        self.room.store(room - fits as u64, Ordering::Relaxed);
        if fits > 0 {
            // Nobody listens any more to a thread that was given up.
            let _ = self
                .events
                .send(Event::Output(stream, text[..fits].to_owned()));
        }
        if fits < text.len() {
            self.was_cut.store(true, Ordering::Relaxed);
            self.interrupt();
        }
    }

    fn read_line(&self, _prompt: &str) -> Result<String, ReadLineError> {
        Err(ReadLineError::EndOfFile)
    }

    fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Relaxed)
    }

    fn on_interrupt(&self, wake: Box<dyn Fn() + Send + Sync>) {
        let _ = self.on_interrupt.set(wake);
    }

    fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }
}

/// The one place for a Python, taken.
struct PythonSeat;

impl PythonSeat {
    fn take() -> Option<Self> {
        (!HAS_PYTHON.swap(true, Ordering::SeqCst)).then_some(Self)
    }
}

impl Drop for PythonSeat {
    fn drop(&mut self) {
        HAS_PYTHON.store(false, Ordering::SeqCst);
    }
}

impl ThreadKernel {
    /// Starts an interpreter.
    ///
    /// # Errors
    /// When it does not come up, or is a second Python.
    pub fn start(language: Language, limits: &Limits) -> Result<Self, KernelError> {
        let failed = |message: String| KernelError::Handshake { language, message };
        let Start::Embedded(build) = spec(language).start else {
            return Err(failed("it runs programs, and no thread does that".into()));
        };
        let seat = match language {
            Language::Python => Some(PythonSeat::take().ok_or_else(|| {
                failed(
                    "a Python runs on a thread of this process already, and there can be one \
                     only: use Isolation::Worker for a second"
                        .into(),
                )
            })?),
            _ => None,
        };
        let (sender, events) = mpsc::channel();
        let host = Arc::new(ThreadHost {
            events: sender,
            is_interrupted: AtomicBool::new(false),
            on_interrupt: OnceLock::new(),
            meter: Arc::default(),
            room: AtomicU64::new(u64::MAX),
            was_cut: AtomicBool::new(false),
        });
        let (requests, inbox) = mpsc::channel::<ExecuteRequest>();
        let memory_bytes = limits.memory_bytes;
        let own = Arc::clone(&host);
        std::thread::Builder::new()
            .name("interpreter".into())
            .stack_size(runner::STACK_BYTES)
            .spawn(move || {
                memory::open_account();
                memory::set_limit(memory_bytes);
                match build(Arc::clone(&own) as Arc<dyn Host>) {
                    Ok(mut interpreter) => {
                        let _ = own.events.send(Event::Ready);
                        while let Ok(request) = inbox.recv() {
                            memory::begin_cell(memory_bytes);
                            own.meter.begin(request.fuel);
                            let started = Instant::now();
                            let reply = interpreter.execute(&request);
                            let cost = Cost {
                                execution_time: started.elapsed(),
                                peak_memory_bytes: memory::peak(),
                                fuel_used: own.meter.used(),
                                waited: Duration::ZERO,
                            };
                            let _ = own.events.send(Event::Done(reply, cost));
                        }
                    }
                    Err(error) => {
                        let _ = own.events.send(Event::StartFailed(error.to_string()));
                    }
                }
                drop(seat);
                let _ = own.events.send(Event::Over);
            })
            .map_err(|error| failed(format!("no thread for it: {error}")))?;
        match events.recv() {
            Ok(Event::Ready) => Ok(Self {
                language,
                limits: *limits,
                host,
                requests: Some(requests),
                events,
            }),
            Ok(Event::StartFailed(message)) => Err(failed(message)),
            _ => Err(failed("it went away".into())),
        }
    }

    /// Runs code to its end, its error or its limit.
    pub fn execute(
        &mut self,
        request: ExecuteRequest,
        write: &mut dyn FnMut(Stream, &str),
    ) -> Finished {
        self.host.is_interrupted.store(false, Ordering::SeqCst);
        self.host.was_cut.store(false, Ordering::SeqCst);
        self.host
            .room
            .store(self.limits.output_bytes, Ordering::SeqCst);
        let started = Instant::now();
        let sent = self
            .requests
            .as_ref()
            .is_some_and(|requests| requests.send(request).is_ok());
        if !sent {
            return lost(
                format!("the {} thread was given up", self.language),
                started,
            );
        }
        let deadline = self.limits.timeout.map(|timeout| started + timeout);
        let mut is_late = false;
        let mut give_up = None;
        loop {
            let event = match give_up.or(deadline) {
                Some(moment) => {
                    let left = moment.saturating_duration_since(Instant::now());
                    self.events.recv_timeout(left)
                }
                None => self
                    .events
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Output(stream, text)) => write(stream, &text),
                Ok(Event::Done(reply, cost)) => return self.finish(reply, cost, is_late),
                Err(RecvTimeoutError::Timeout) if !is_late => {
                    is_late = true;
                    give_up = Some(Instant::now() + GRACE);
                    self.host.interrupt();
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.requests = None;
                    return lost(
                        format!(
                            "{}, and a native function could not be interrupted: its thread was \
                             given up",
                            self.limits.reached(LimitKind::Time)
                        ),
                        started,
                    );
                }
                Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                    self.requests = None;
                    return lost(format!("the {} thread ended", self.language), started);
                }
            }
        }
    }

    fn finish(&self, reply: ExecuteReply, cost: Cost, is_late: bool) -> Finished {
        let limit = |kind| Status::Limit {
            kind,
            message: self.limits.reached(kind),
            variables: Variables::Kept,
        };
        let was_cut = self.host.was_cut.load(Ordering::SeqCst);
        let status = match reply.ending {
            _ if was_cut => limit(LimitKind::Output),
            Ending::Interrupted | Ending::Ok if is_late => limit(LimitKind::Time),
            Ending::Ok => Status::Ok,
            Ending::Exit { code } => Status::Exit { code },
            Ending::Error {
                ename,
                evalue,
                traceback,
            } => Status::Error {
                ename,
                evalue,
                traceback,
            },
            Ending::Interrupted => Status::Interrupted {
                variables: Variables::Kept,
            },
            Ending::OutOfMemory => limit(LimitKind::Memory),
            Ending::OutOfFuel => limit(LimitKind::Fuel),
        };
        Finished {
            status,
            result: reply.result.map(runner::cut),
            cost,
        }
    }
}

impl Drop for ThreadKernel {
    fn drop(&mut self) {
        self.host.interrupt();
        if self.requests.take().is_none() {
            return;
        }
        let deadline = Instant::now() + FAREWELL;
        while let left = deadline.saturating_duration_since(Instant::now())
            && let Ok(event) = self.events.recv_timeout(left)
        {
            if matches!(event, Event::Over) {
                return;
            }
        }
    }
}

fn lost(message: String, started: Instant) -> Finished {
    Finished {
        status: Status::Died {
            message,
            variables: Variables::Lost,
        },
        result: None,
        cost: Cost {
            execution_time: started.elapsed(),
            ..Cost::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ExecuteMode;

    struct Session(ThreadKernel, u64);

    impl Session {
        fn run(&mut self, source: &str, fuel: Option<u64>) -> (Finished, String) {
            self.1 += 1;
            let request = ExecuteRequest {
                source: source.to_owned(),
                mode: ExecuteMode::Cell {
                    execution_count: self.1,
                },
                fuel,
                cpu_time: None,
            };
            let mut printed = String::new();
            let finished = self
                .0
                .execute(request, &mut |_, text| printed.push_str(text));
            (finished, printed)
        }

        #[track_caller]
        fn is_limited(&mut self, source: &str, fuel: Option<u64>, kind: LimitKind) {
            let (finished, _) = self.run(source, fuel);
            let Status::Limit {
                kind: found,
                variables: Variables::Kept,
                message,
            } = &finished.status
            else {
                panic!("{source}: {finished:?}");
            };
            assert_eq!(*found, kind, "{source}: {message}");
            let (after, _) = self.run("kept", None);
            assert_eq!(after.result.as_deref(), Some("42"), "{after:?}");
        }
    }

    fn session(language: Language) -> Session {
        let limits = Limits {
            timeout: Some(Duration::from_secs(3)),
            output_bytes: 10_000,
            memory_bytes: 96 << 20,
            fuel: None,
            ..Limits::default()
        };
        let kernel = ThreadKernel::start(language, &limits).expect("it starts");
        Session(kernel, 0)
    }

    #[test]
    fn python_on_a_thread_keeps_its_limits() {
        // One at a time, in this process of tests too.
        let _one = crate::kernel::python::tests::alone();
        let mut python = session(Language::Python);
        let second = ThreadKernel::start(Language::Python, &Limits::default());
        let refusal = second.err().map(|error| error.to_string());
        assert!(
            refusal.is_some_and(|refusal| refusal.contains("one only")),
            "a second Python is refused"
        );
        let (finished, printed) = python.run("kept = 42\nprint('hi')\nkept", None);
        assert_eq!(finished.result.as_deref(), Some("42"));
        assert!(finished.cost.fuel_used > 0);
        assert_eq!(printed, "hi\n");
        python.is_limited("while True: pass", Some(100_000), LimitKind::Fuel);
        python.is_limited("while True: pass", None, LimitKind::Time);
        python.is_limited("while True: print('x' * 99)", None, LimitKind::Output);
        python.is_limited(
            "a = []\nwhile True: a.append([0] * 1000)",
            None,
            LimitKind::Memory,
        );
        python.run("a = None", None);
        let (finished, _) = python.run(
            "a = []\ntry:\n    while True: a.append([0] * 1000)\nexcept MemoryError:\n    a = None\nkept",
            None,
        );
        assert_eq!(finished.result.as_deref(), Some("42"), "{finished:?}");
        let (finished, _) = python.run("1 / 0", None);
        assert!(matches!(finished.status, Status::Error { .. }));
        drop(python);
        let mut python = session(Language::Python);
        let (finished, _) = python.run("kept = 42\nsum(range(2 * 10**8))", None);
        let Status::Died { message, .. } = finished.status else {
            panic!("a native loop can't be ended");
        };
        assert!(message.contains("given up"), "{message}");
        let (finished, _) = python.run("1", None);
        assert!(matches!(finished.status, Status::Died { .. }));
        drop(python);
        let second = ThreadKernel::start(Language::Python, &Limits::default());
        assert!(second.is_err(), "the thread that was given up still runs");
        // It must not get into the way of other tests.
        while HAS_PYTHON.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    #[test]
    fn javascript_on_a_thread_keeps_its_limits() {
        let mut javascript = session(Language::JavaScript);
        let (finished, printed) = javascript.run("let kept = 42; console.log('hi'); kept", None);
        assert_eq!(finished.result.as_deref(), Some("42"));
        assert_eq!(printed, "hi\n");
        javascript.is_limited("while (true) {}", Some(100_000), LimitKind::Fuel);
        javascript.is_limited("while (true) {}", None, LimitKind::Time);
        javascript.is_limited(
            "while (true) console.log('x'.repeat(99))",
            None,
            LimitKind::Output,
        );
        javascript.is_limited(
            "let a = []; while (true) a.push(new Array(1000).fill(1.5))",
            None,
            LimitKind::Memory,
        );
        let (finished, _) = javascript.run(
            "a = []; let s; try { while (true) a.push({}) } catch (e) { a = null; s = String(e) } s",
            None,
        );
        assert_eq!(
            finished.result.as_deref(),
            Some("'InternalError: out of memory'"),
            "{finished:?}"
        );
    }
}
