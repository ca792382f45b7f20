//! The interpreter as a worker drives it, with a host that keeps what it is told.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

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

/// The programs of `tests/conformance/python`, with what CPython prints for them.
#[test]
fn conformance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/python");
    let mut programs: Vec<_> = std::fs::read_dir(&folder)
        .expect("the corpus is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    programs.sort();
    assert!(programs.len() >= 10, "only {} programs", programs.len());
    let known = std::fs::read_to_string(folder.join("known-failures.txt"))
        .expect("known-failures.txt is there");
    let known: BTreeMap<_, _> = known
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let mut surprises = Vec::new();
    let mut failures = 0;
    for program in &programs {
        let name = program
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("names are plain");
        let problem = conforms(program);
        failures += usize::from(problem.is_some());
        match (problem, known.get(name)) {
            (Some(problem), None) => surprises.push(format!("{name} fails: {problem}")),
            (None, Some(reason)) => surprises.push(format!(
                "{name} passes, but known-failures.txt names it: {reason}"
            )),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    assert!(
        surprises.is_empty(),
        "{} of {} programs fail\n{}",
        failures,
        programs.len(),
        surprises.join("\n")
    );
}

/// Runs a program of the corpus; says what is wrong, if anything.
fn conforms(program: &Path) -> Option<String> {
    let source = std::fs::read_to_string(program).expect("readable");
    let expected = std::fs::read_to_string(program.with_extension("out")).expect("recorded");
    let name = program
        .file_name()
        .and_then(|name| name.to_str())
        .expect("names are plain")
        .to_owned();
    let mode = ExecuteMode::Program {
        name,
        wants_result: false,
    };
    let ran = session(|python| interrupted_after(Duration::from_secs(20), python, &source, mode));
    if !matches!(ran.reply.ending, Ending::Ok | Ending::Exit { code: 0 }) {
        let Ending::Error { traceback, .. } = &ran.reply.ending else {
            return Some(format!("{:?}", ran.reply.ending));
        };
        return Some(format!("{traceback}{}", ran.stderr));
    }
    let difference = ran
        .stdout
        .lines()
        .zip(expected.lines())
        .find(|(found, wanted)| found != wanted);
    match difference {
        Some((found, wanted)) => Some(format!("printed {found:?}\n      instead of {wanted:?}")),
        None if ran.stdout != expected => Some("printed more or less than it should".to_owned()),
        None => None,
    }
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
