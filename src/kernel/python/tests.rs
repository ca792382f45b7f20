//! The interpreter as a worker drives it, with a host that keeps what it is told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::SPEC;
use crate::kernel::{
    Ending, ExecuteMode, ExecuteReply, ExecuteRequest, Host, Interpreter, ReadLineError,
};
use crate::protocol::Stream;

/// RustPython's signal flag is one for the process: one interpreter at a time.
static ONE: Mutex<()> = Mutex::new(());

#[derive(Default)]
struct TestHost {
    stdout: Mutex<String>,
    stderr: Mutex<String>,
    lines: Mutex<VecDeque<Result<String, ReadLineError>>>,
    prompts: Mutex<Vec<String>>,
    interrupted: AtomicBool,
    wake: Mutex<Option<Box<dyn Fn() + Send + Sync>>>,
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
}

/// What a cell did.
#[derive(Debug)]
struct Ran {
    reply: ExecuteReply,
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
        self.run(
            source,
            ExecuteMode::Cell {
                execution_count: self.count,
            },
        )
    }

    fn run(&mut self, source: &str, mode: ExecuteMode) -> Ran {
        self.host.interrupted.store(false, Ordering::SeqCst);
        let reply = self.interpreter.execute(&ExecuteRequest {
            source: source.to_owned(),
            mode,
        });
        Ran {
            reply,
            stdout: std::mem::take(&mut *lock(&self.host.stdout)),
            stderr: std::mem::take(&mut *lock(&self.host.stderr)),
        }
    }
}

/// Runs `body` with a fresh interpreter on a thread with the worker's stack.
fn session<T: Send>(body: impl FnOnce(&mut Session) -> T + Send) -> T {
    let _one = lock(&ONE);
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(256 << 20)
            .spawn_scoped(scope, || {
                let host = Arc::new(TestHost::default());
                let interpreter =
                    (SPEC.start)(Arc::clone(&host) as Arc<dyn Host>).expect("Python starts");
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

#[test]
fn scratch() {
    let Ok(file) = std::env::var("SCRATCH") else {
        return;
    };
    let text = std::fs::read_to_string(file).expect("readable");
    session(|python| {
        for cell in text.split("#---\n") {
            let ran = python.cell(cell);
            let mut out = format!("=== {cell}--- {:?}\n", ran.reply.result);
            out.push_str(&ran.stdout);
            out.push_str("--stderr--\n");
            out.push_str(&ran.stderr);
            match ran.reply.ending {
                Ending::Error { traceback, .. } => out.push_str(&traceback),
                other => out.push_str(&format!("{other:?}\n")),
            }
            std::fs::write("/dev/stderr", out).expect("written");
        }
    });
}
