//! Kernels: interpreters that run cells in a worker process of their own.
//!
//! ```text
//! Kernel (this process) ── frames over pipes ── worker (the same binary, re-executed)
//!                                                   └── dyn Interpreter: Python, JavaScript
//! ```
//!
//! Invariants: an [`Interpreter`] lives in a worker only; it reaches the world through its
//! [`Host`] and nothing else; the parent distrusts every byte that a worker sends; a worker that
//! dies costs its variables and nothing more.
//!
//! Absent on purpose: sessions, queues and history (they belong to `session` and `runtime`), and
//! any python3 or node.

pub(crate) mod broker;
pub(crate) mod call;
mod child;
mod desk;
pub(crate) mod javascript;
mod keeper;
mod memory;
mod meter;
mod process;
pub(crate) mod python;
mod run;
mod runner;
mod shell;
mod snapshot;
mod thread;
mod timeline;
mod wire;
mod worker;

pub(crate) use broker::{GrantError, protect_folders};
pub(crate) use call::{HostCall, HostCallError, HostReturn};
pub(crate) use child::{KernelError, find_program};
pub(crate) use desk::{Answered, Asking, Desk, DeskCall, DeskReturn, ImageBytes};
pub use memory::CountingAllocator;
pub(crate) use meter::Meter;
pub(crate) use process::{Controller, Finished, Kernel, KernelEvent};
pub(crate) use thread::ThreadKernel;
pub(crate) use timeline::TravelError;
pub use worker::become_worker_if_asked;

#[cfg(feature = "measure")]
pub(crate) use meter::UNMETERED;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::{Completions, Language, Stream};

/// A language as its kernel sees it. The one table: a new language is a row here, and a variant
/// of [`Language`].
pub(crate) struct KernelSpec {
    /// Whose row this is.
    pub language: Language,
    /// What runs it, with its version, for `doctor`.
    pub implementation: &'static str,
    /// What the worker does for it.
    pub start: Start,
    /// Judges by the parser alone, without a worker, whether Enter should run the text.
    pub completeness: fn(&str) -> Completeness,
}

/// What a worker does for its language.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// It holds an interpreter. Builds one that reaches the world through a host; called once.
    Embedded(Build),
    /// It runs programs of the system: serves the pipes from after the first frame until they
    /// close, and returns the exit code.
    Served(fn(Pipes) -> i32),
}

/// Builds an interpreter.
pub(crate) type Build = fn(Arc<dyn Host>) -> Result<Box<dyn Interpreter>, StartError>;

/// What a worker that serves its pipes itself is given.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "whoever serves can only refuse")
)]
pub(crate) struct Pipes {
    /// Frames of the parent.
    pub input: std::fs::File,
    /// Frames for the parent.
    pub output: std::fs::File,
    /// What it was started under.
    pub terms: Terms,
}

/// What a worker is started under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// Bytes that a process of the kernel may hold.
    pub memory_bytes: u64,
    /// Whether it may run although a wall of the jail that it needs can't be had here.
    pub accept_missing_walls: bool,
    /// Whether namespaces are made. Off in tests that show what holds where there are none.
    pub namespaces: bool,
    /// Whether the guards inside the language hold, too. Off in tests that show that the jail
    /// holds alone.
    pub guards: bool,
}

impl Terms {
    /// The terms for a kernel of so many bytes, with everything that protects.
    pub fn new(memory_bytes: u64) -> Self {
        // A build for users knows no such switches.
        let is_set = |name| {
            cfg!(debug_assertions) && std::env::var_os(name).is_some_and(|value| value == "1")
        };
        Self {
            memory_bytes,
            accept_missing_walls: false,
            namespaces: !is_set("COMPANION_TEST_NO_NAMESPACES"),
            guards: !is_set("COMPANION_TEST_UNGUARDED"),
        }
    }
}

/// Every language that there is a kernel for.
pub(crate) static LANGUAGES: [KernelSpec; Language::ALL.len()] =
    [python::SPEC, javascript::SPEC, shell::SPEC];

/// The row of a language.
pub(crate) fn spec(language: Language) -> &'static KernelSpec {
    &LANGUAGES[language.index()]
}

/// An interpreter could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the {language} interpreter did not start: {message}")]
pub(crate) struct StartError {
    /// Which.
    pub language: Language,
    /// What it said.
    pub message: String,
}

/// Whether a text is a whole cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// Enter runs it.
    Complete,
    /// Enter opens a line, indented by so many spaces.
    Incomplete {
        /// Spaces that the next line should begin with.
        indent: usize,
    },
    /// More text won't mend it: Enter runs it, so that the error is shown.
    Invalid,
}

/// An interpreter of one language, with the variables of its session. Lives on one thread.
pub(crate) trait Interpreter {
    /// Runs source code to its end, its error, or its interruption. Output goes to the host
    /// while it runs.
    fn execute(&mut self, request: &ExecuteRequest) -> ExecuteReply;

    /// Names and attributes that fit at `cursor` (bytes) in `source`. Runs none of the user's
    /// code: no property getters, no `__getattr__`.
    fn complete(&mut self, source: &str, cursor: usize) -> Completions;
}

/// What an interpreter may ask of the world. All calls may come from the interpreter's thread
/// only, save `is_interrupted`.
pub(crate) trait Host: Send + Sync {
    /// Prints. Never blocks for long; keeps the order of both streams.
    fn write(&self, stream: Stream, text: &str);

    /// Asks the user for a line and waits; the line comes without its end.
    ///
    /// # Errors
    /// When there is nobody to ask, the input has ended, or the user interrupts.
    fn read_line(&self, prompt: &str) -> Result<String, ReadLineError>;

    /// Whether the user, or a time-out, wants the running cell to end. Stays true until the next
    /// cell begins.
    fn is_interrupted(&self) -> bool;

    /// Sets what is called, once per cell at most and from another thread, at the moment when
    /// [`Self::is_interrupted`] turns true: for interpreters that have to be woken. Set it once,
    /// when the interpreter is built.
    fn on_interrupt(&self, wake: Box<dyn Fn() + Send + Sync>);

    /// Where the interpreter counts its steps. Whoever runs a cell begins it there.
    fn meter(&self) -> &Arc<Meter>;

    /// Whether the guards inside the language hold: its caps, and what was taken out of its
    /// library. Without them the jail is all there is. Constant for the life of an interpreter.
    fn guards(&self) -> bool {
        true
    }

    /// Asks for something beyond the worker and waits for the answer: files, the network.
    ///
    /// # Errors
    /// When it is refused, or fails, or the user interrupts. A host without a broker refuses.
    fn call(&self, call: HostCall) -> Result<HostReturn, HostCallError> {
        Err(HostCallError::denied(call.refusal()))
    }
}

/// Why there is no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum ReadLineError {
    /// The input has ended, or there is nobody to ask.
    #[error("end of input")]
    EndOfFile,
    /// The cell was interrupted while it waited.
    #[error("interrupted")]
    Interrupted,
}

/// Source code to run, as it goes to the worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExecuteRequest {
    /// The text.
    pub source: String,
    /// How it is to be run.
    pub mode: ExecuteMode,
    /// Steps that it may take; `None` is no bound.
    pub fuel: Option<u64>,
    /// Time on processors that it may take; `None` is no bound.
    pub cpu_time: Option<Duration>,
}

/// A cell of a session, or a whole program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExecuteMode {
    /// A cell: the value of a last expression is the result, and goes to `_` and `Out[n]`.
    /// In tracebacks its file is called `<cell n>`.
    Cell {
        /// Jupyter's counter: n.
        execution_count: u64,
    },
    /// A tool that a cell has registered: the source is its arguments, a JSON object, and the
    /// result is JSON, too.
    Tool {
        /// Its name.
        name: String,
    },
    /// A program, as `python3 FILE` or `node FILE` runs it: no result is shown, `__name__` is
    /// `__main__`. In tracebacks its file is called `name`.
    Program {
        /// The file's name as given, or `<stdin>`.
        name: String,
        /// What stands behind the name in `sys.argv` and `process.argv`.
        arguments: Vec<String>,
        /// The file whose values are wanted though it is a program: `execute_python` of the
        /// library and `--json` report the value of a last expression.
        wants_result: bool,
    },
}

/// How a cell ended, as the interpreter sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExecuteReply {
    /// Fine, or which way it failed.
    pub ending: Ending,
    /// The value of the last expression as the language's own REPL shows it, if it has one and
    /// it is not `None` / `undefined`.
    pub result: Option<String>,
}

/// The ways in which an interpreter can come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    /// It ran to its end.
    Ok,
    /// Something was raised and not caught. Printing the traceback is the receiver's part: the
    /// interpreter has not written it to stderr.
    Error {
        /// The exception's class.
        ename: String,
        /// The exception's message.
        evalue: String,
        /// What CPython or node would print, with the trailing newline.
        traceback: String,
    },
    /// The code asked for the end of the process: `sys.exit(3)`, `process.exit(3)`.
    Exit {
        /// The exit code.
        code: i32,
    },
    /// It was unwound because [`Host::is_interrupted`] turned true; the variables are kept.
    Interrupted,
    /// The interpreter ran out of memory and unwound; the variables are kept.
    OutOfMemory,
    /// [`ExecuteRequest::fuel`] is used up and the interpreter has unwound; the variables are
    /// kept.
    OutOfFuel,
}
