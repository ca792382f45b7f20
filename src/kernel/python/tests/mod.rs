//! The interpreter as a worker drives it, with a host that keeps what it is told.

mod cells;
mod conformance;
mod fuel;
mod interrupts;
mod names;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use crate::kernel::{
    ExecuteMode, ExecuteReply, ExecuteRequest, Host, Interpreter, Meter, ReadLineError,
};
use crate::protocol::Stream;

/// RustPython's signal flag is one for the process: one interpreter at a time.
static ONE: Mutex<()> = Mutex::new(());

/// Keeps other tests from starting a Python.
pub(in crate::kernel) fn alone() -> MutexGuard<'static, ()> {
    lock(&ONE)
}

#[derive(Default)]
struct TestHost {
    stdout: Mutex<String>,
    stderr: Mutex<String>,
    lines: Mutex<VecDeque<Result<String, ReadLineError>>>,
    prompts: Mutex<Vec<String>>,
    interrupted: AtomicBool,
    wake: Mutex<Option<Box<dyn Fn() + Send + Sync>>>,
    meter: Arc<Meter>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TestHost {
    fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
        if let Some(wake) = &*lock(&self.wake) {
            wake();
        }
    }
}

impl Host for TestHost {
    fn write(&self, stream: Stream, text: &str) {
        match stream {
            Stream::Stdout => lock(&self.stdout).push_str(text),
            Stream::Stderr => lock(&self.stderr).push_str(text),
        }
    }

    fn read_line(&self, prompt: &str) -> Result<String, ReadLineError> {
        // As `companion run` does.
        lock(&self.stdout).push_str(prompt);
        lock(&self.prompts).push(prompt.to_owned());
        lock(&self.lines)
            .pop_front()
            .unwrap_or(Err(ReadLineError::EndOfFile))
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    fn on_interrupt(&self, wake: Box<dyn Fn() + Send + Sync>) {
        *lock(&self.wake) = Some(wake);
    }

    fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }
}

/// What a cell did.
#[derive(Debug)]
struct Ran {
    reply: ExecuteReply,
    fuel_used: u64,
    stdout: String,
    stderr: String,
}

struct Session {
    host: Arc<TestHost>,
    interpreter: Box<dyn Interpreter>,
    count: u64,
}

impl Session {
    fn cell(&mut self, source: &str) -> Ran {
        self.count += 1;
        self.run(source, cell_mode(self.count))
    }

    fn run(&mut self, source: &str, mode: ExecuteMode) -> Ran {
        self.run_with(source, mode, None)
    }

    fn run_with(&mut self, source: &str, mode: ExecuteMode, fuel: Option<u64>) -> Ran {
        self.host.interrupted.store(false, Ordering::SeqCst);
        self.host.meter.begin(fuel);
        let reply = self.interpreter.execute(&ExecuteRequest {
            source: source.to_owned(),
            mode,
            fuel,
            cpu_time: None,
        });
        Ran {
            reply,
            fuel_used: self.host.meter.used(),
            stdout: std::mem::take(&mut *lock(&self.host.stdout)),
            stderr: std::mem::take(&mut *lock(&self.host.stderr)),
        }
    }
}

/// Runs `body` with a fresh interpreter on a thread with the worker's stack.
fn session<T: Send>(body: impl FnOnce(&mut Session) -> T + Send) -> T {
    let _one = alone();
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(256 << 20)
            .spawn_scoped(scope, || {
                let host = Arc::new(TestHost::default());
                let interpreter = (super::interpreter::start)(Arc::clone(&host) as Arc<dyn Host>)
                    .expect("Python starts");
                body(&mut Session {
                    host,
                    interpreter,
                    count: 0,
                })
            })
            .expect("a thread can be started")
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn cell_mode(execution_count: u64) -> ExecuteMode {
    ExecuteMode::Cell { execution_count }
}

/// Runs something, and interrupts it if it is not over by then.
fn interrupted_after(
    limit: Duration,
    python: &mut Session,
    source: &str,
    mode: ExecuteMode,
) -> Ran {
    let host = Arc::clone(&python.host);
    let (over, is_over) = mpsc::channel();
    let watch = std::thread::spawn(move || {
        if is_over.recv_timeout(limit).is_err() {
            host.interrupt();
        }
    });
    let ran = python.run(source, mode);
    over.send(()).ok();
    watch.join().expect("the watch ends");
    ran
}
