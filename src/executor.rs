//! The library's way to run code: blocking, without a session or a store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::kernel::{
    Controller, ExecuteMode, ExecuteRequest, Finished, Kernel, KernelError, KernelEvent,
    ReadLineError, ThreadKernel, TravelError, find_program,
};
use crate::protocol::{Grant, Language, Limits, Status, Stream, Timeline};

/// How often whoever may end a cell is asked whether to.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A kernel that is to stop is told again after this.
const ASK_AGAIN: Duration = Duration::from_millis(300);

/// Where an interpreter lives.
///
/// | | [`Worker`](Self::Worker) | [`Thread`](Self::Thread) |
/// |---|---|---|
/// | fuel, output | held | held |
/// | time | held | held, but a loop inside a native function (`sum(range(10**12))`) is given up, not ended: its thread goes on |
/// | time on the processor | held | not held |
/// | memory | held | the soft limit, if [`crate::CountingAllocator`] is the program's `#[global_allocator]`; a native function that allocates without end is not stopped |
/// | native stack overflow, allocation failure, a bug of the interpreter | costs that cell | ends your program |
/// | files, network, processes, the environment | a jail of the system | only what the interpreter leaves out |
/// | undo, redo, branches | yes | no |
/// | how many | any number | one Python in a process, any number of JavaScripts |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// In a process of its own, in a jail. For code that nobody has to trust.
    #[default]
    Worker,
    /// On a thread of this process. For trusted code: see the table above.
    Thread,
}

/// Runs code in kernels of its own, one a language. Variables stay from call to call.
///
/// The interpreters run in worker processes, started from this program's own binary: call
/// [`crate::become_worker_if_asked`] first in `main`. [`Self::with_isolation`] has another way.
///
/// ```no_run
/// fn main() -> Result<(), companion::ExecutorError> {
///     companion::become_worker_if_asked();
///     let executor = companion::CodeExecutor::new()?;
///     let execution = executor.execute_python(
///         "def fibonacci(n):\n    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)\n\n\
///          print(fibonacci(10))",
///     )?;
///     assert_eq!(execution.output, "55\n");
///     println!("{} in {:?}", execution.output.trim(), execution.execution_time);
///     Ok(())
/// }
/// ```
pub struct CodeExecutor {
    home: Home,
    limits: Limits,
    kernels: Mutex<BTreeMap<Language, (AnyKernel, u64)>>,
    grants: Mutex<Vec<Grant>>,
}

/// What kernels are made of.
enum Home {
    /// Processes of this binary.
    Program(PathBuf),
    Threads,
}

enum AnyKernel {
    Worker(Kernel),
    Thread(ThreadKernel),
}

impl AnyKernel {
    fn start(home: &Home, language: Language, limits: &Limits) -> Result<Self, KernelError> {
        Ok(match home {
            Home::Program(program) => Self::Worker(Kernel::new(language, program.clone(), limits)?),
            Home::Threads => Self::Thread(ThreadKernel::start(language, limits)?),
        })
    }

    fn set_grants(&mut self, grants: Vec<Grant>) -> Result<(), KernelError> {
        match self {
            Self::Worker(kernel) => Ok(kernel.set_grants(grants)?),
            Self::Thread(_) => Err(KernelError::NoBroker),
        }
    }
}

/// What running code came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// What it printed to standard output. Untrusted text.
    pub output: String,
    /// What it printed to standard error. Untrusted text.
    pub stderr: String,
    /// The value of the last expression, as the language's own REPL shows it.
    pub result: Option<String>,
    /// Fine, or which way it failed.
    pub status: Status,
    /// Wall-clock time in the kernel.
    pub execution_time: Duration,
    /// Most heap bytes that the kernel held meanwhile; 0 if it is not known.
    pub peak_memory_bytes: u64,
    /// Steps that it took; see [`crate::protocol::Cost::fuel_used`].
    pub fuel_used: u64,
}

impl Execution {
    /// Whether it ran to its end.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status.is_ok()
    }

    /// What went wrong, in the words of the language or of the limit.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        describe_failure(self.status.clone())
    }
}

/// A kernel could not be had at all. What the code itself does wrong is in [`Execution`].
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ExecutorError(#[from] KernelError);

impl CodeExecutor {
    /// An executor with the limits of [`Limits::default`].
    ///
    /// # Errors
    /// When there is no binary to start kernels from.
    pub fn new() -> Result<Self, ExecutorError> {
        Self::with_limits(Limits::default())
    }

    /// An executor with limits.
    ///
    /// # Errors
    /// When there is no binary to start kernels from.
    pub fn with_limits(limits: Limits) -> Result<Self, ExecutorError> {
        Self::with_isolation(Isolation::Worker, limits)
    }

    /// An executor whose interpreters live there.
    ///
    /// # Errors
    /// When there is no binary to start kernels from, and they are to be processes.
    pub fn with_isolation(isolation: Isolation, limits: Limits) -> Result<Self, ExecutorError> {
        Ok(Self {
            home: match isolation {
                Isolation::Worker => Home::Program(find_program()?),
                Isolation::Thread => Home::Threads,
            },
            limits,
            kernels: Mutex::default(),
            grants: Mutex::default(),
        })
    }

    /// Lets code do one more thing, from the next call on, in every language: read a file or
    /// folder, write one, speak to a host, see a variable of this process's environment.
    ///
    /// Paths are absolute. A folder is granted with all that is in it; links that lead out of it
    /// are not followed.
    ///
    /// # Errors
    /// When there is nothing at a path to read, or no folder around a path to write. Then the
    /// grant is not given.
    pub fn grant(&self, grant: Grant) -> Result<(), ExecutorError> {
        if matches!(self.home, Home::Threads) {
            return Err(KernelError::NoBroker.into());
        }
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wanted = grants.clone();
        wanted.push(grant);
        // They start with their first cell.
        for language in Language::ALL {
            if let std::collections::btree_map::Entry::Vacant(entry) = kernels.entry(language) {
                entry.insert((AnyKernel::start(&self.home, language, &self.limits)?, 0));
            }
        }
        // All kernels or none: what one of them can't have, none has.
        for (kernel, _) in kernels.values_mut() {
            if let Err(error) = kernel.set_grants(wanted.clone()) {
                for (kernel, _) in kernels.values_mut() {
                    // These it had before.
                    let _ = kernel.set_grants(grants.clone());
                }
                return Err(error.into());
            }
        }
        *grants = wanted;
        Ok(())
    }

    /// Runs Python.
    ///
    /// # Errors
    /// When there is no kernel to run it.
    pub fn execute_python(&self, code: &str) -> Result<Execution, ExecutorError> {
        self.execute(Language::Python, code)
    }

    /// Runs JavaScript.
    ///
    /// # Errors
    /// When there is no kernel to run it.
    pub fn execute_javascript(&self, code: &str) -> Result<Execution, ExecutorError> {
        self.execute(Language::JavaScript, code)
    }

    /// Runs code as the next cell of its language. `input()` finds the end of input.
    ///
    /// # Errors
    /// When there is no kernel to run it.
    pub fn execute(&self, language: Language, code: &str) -> Result<Execution, ExecutorError> {
        self.execute_with(language, code, None, &mut |_, _| {})
    }

    /// As [`Self::execute`], and ends the cell when `is_over` says so; it is asked every 20 ms, on a
    /// thread of its own. A kernel on a thread can't be ended that way. What the code prints goes to
    /// `tell` when it comes, too.
    pub(crate) fn execute_until(
        &self,
        language: Language,
        code: &str,
        is_over: &(dyn Fn() -> bool + Sync),
        tell: &mut dyn FnMut(Stream, &str),
    ) -> Result<Execution, ExecutorError> {
        self.execute_with(language, code, Some(is_over), tell)
    }

    fn execute_with(
        &self,
        language: Language,
        code: &str,
        is_over: Option<&(dyn Fn() -> bool + Sync)>,
        tell: &mut dyn FnMut(Stream, &str),
    ) -> Result<Execution, ExecutorError> {
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut kernel, count) = match kernels.remove(&language) {
            Some(known) => known,
            None => (AnyKernel::start(&self.home, language, &self.limits)?, 0),
        };
        // A kernel that can't come up is an error of ours, not of the code.
        if let AnyKernel::Worker(kernel) = &mut kernel {
            kernel.start()?;
        }
        let execution_count = count + 1;
        let request = ExecuteRequest {
            source: code.to_owned(),
            mode: ExecuteMode::Cell { execution_count },
            fuel: self.limits.fuel,
            cpu_time: self.limits.cpu_time,
        };
        let watched = match &kernel {
            AnyKernel::Worker(kernel) => is_over.map(|is_over| (kernel.controller(), is_over)),
            AnyKernel::Thread(_) => None,
        };
        let is_done = AtomicBool::new(false);
        let execution = thread::scope(|scope| {
            let is_done = &is_done;
            let watch = watched.map(|(controller, is_over)| {
                scope.spawn(move || {
                    while !is_done.load(Ordering::Acquire) {
                        // Said before the kernel is at it, it is not heard.
                        let pause = if is_over() {
                            controller.interrupt();
                            ASK_AGAIN
                        } else {
                            LOOK_EVERY
                        };
                        thread::park_timeout(pause);
                    }
                })
            });
            let execution = collect(&mut kernel, request, &self.limits, tell);
            is_done.store(true, Ordering::Release);
            if let Some(watch) = watch {
                watch.thread().unpark();
            }
            execution
        });
        kernels.insert(language, (kernel, execution_count));
        Ok(execution)
    }
}

/// A kernel can't go back, forth or to another branch; see [`CodeExecutor::undo`].
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TravelFailed(#[from] TravelError);

impl CodeExecutor {
    /// Takes calls of [`Self::execute`] back, with what they did to the variables. What they did
    /// to the world stays: files that they were allowed to write, what they printed.
    ///
    /// # Errors
    /// When there are not so many to take back.
    pub fn undo(&self, language: Language, cells: u32) -> Result<Timeline, TravelFailed> {
        self.travel(language, |kernel| kernel.undo(cells))
    }

    /// Brings calls back that were taken back, until the next one runs.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn redo(&self, language: Language, cells: u32) -> Result<Timeline, TravelFailed> {
        self.travel(language, |kernel| kernel.redo(cells))
    }

    /// Goes to the branch of a name, or makes one of the present state. The branch that a kernel
    /// begins on is called `main`.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn branch(&self, language: Language, name: &str) -> Result<Timeline, TravelFailed> {
        self.travel(language, |kernel| kernel.branch(name))
    }

    fn travel(
        &self,
        language: Language,
        travel: impl FnOnce(&mut Kernel) -> Result<Timeline, TravelError>,
    ) -> Result<Timeline, TravelFailed> {
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        match kernels.get_mut(&language) {
            Some((AnyKernel::Worker(kernel), _)) => Ok(travel(kernel)?),
            Some((AnyKernel::Thread(_), _)) => Err(TravelError::NoStates.into()),
            None => Err(TravelError::NotStarted.into()),
        }
    }
}

/// Runs a request, tells what it prints, and gathers that.
fn collect(
    kernel: &mut AnyKernel,
    request: ExecuteRequest,
    limits: &Limits,
    tell: &mut dyn FnMut(Stream, &str),
) -> Execution {
    let (mut output, mut stderr) = (String::new(), String::new());
    let mut write = |stream, text: &str| {
        tell(stream, text);
        match stream {
            Stream::Stdout => output.push_str(text),
            Stream::Stderr => stderr.push_str(text),
        }
    };
    let finished = match kernel {
        AnyKernel::Worker(kernel) => run(
            kernel,
            request,
            limits,
            &mut |_| Err(ReadLineError::EndOfFile),
            &mut write,
        ),
        AnyKernel::Thread(kernel) => kernel.execute(request, &mut write),
    };
    let Finished {
        status,
        result,
        cost,
    } = finished;
    Execution {
        output,
        stderr,
        result,
        status,
        execution_time: cost.execution_time,
        peak_memory_bytes: cost.peak_memory_bytes,
        fuel_used: cost.fuel_used,
    }
}

/// Runs a request; lines that the code asks for come from `read_line`, output goes to `write`.
pub(crate) fn run(
    kernel: &mut Kernel,
    request: ExecuteRequest,
    limits: &Limits,
    read_line: &mut dyn FnMut(&str) -> Result<String, ReadLineError>,
    write: &mut dyn FnMut(Stream, &str),
) -> Finished {
    let controller: Controller = kernel.controller();
    kernel.execute(request, limits, &mut |event| match event {
        KernelEvent::Output(stream, text) => write(stream, &text),
        KernelEvent::ReadLine(prompt) => controller.answer(read_line(&prompt)),
        // Whoever gave the line has seen it. Pictures are kept, and there is no place to show them.
        KernelEvent::Answered(_) | KernelEvent::Progress(_) | KernelEvent::Displayed(_) => {}
    })
}

/// What went wrong, in the words of the language or of the limit; with a newline where the
/// language has one.
pub(crate) fn describe_failure(status: Status) -> Option<String> {
    match status {
        Status::Ok | Status::Exit { code: 0 } => None,
        Status::Exit { code } => Some(format!("exit code {code}")),
        Status::Error { traceback, .. } => Some(traceback),
        Status::Interrupted { .. } => Some("interrupted".to_owned()),
        Status::Limit { message, .. }
        | Status::Died { message, .. }
        | Status::Refused { message } => Some(message),
        Status::Dropped => Some("never run".to_owned()),
    }
}
