//! Functions of a program that are tools: its kernel is there for them alone, without a session.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::Engines;
use super::desk::{CellDesk, FunctionOutput, calls_of};
use crate::executor;
use crate::kernel::{
    Controller, Desk, ExecuteMode, ExecuteRequest, Kernel, KernelEvent, ReadLineError,
};
use crate::protocol::{Language, Limits, Status, Stream};
use crate::tool::{Content, Place, ToolContext, ToolError, Toolbox, Update};

/// A call waits so long for the one before it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who is to stop is told again after this.
const ASK_AGAIN: Duration = Duration::from_millis(300);
/// Who waits looks so often whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs a function of a kernel that is a tool, and tells what it prints and how far it is.
///
/// # Errors
/// If it fails, or runs into a limit.
pub(crate) fn call_function(
    kernel: &mut Kernel,
    name: &str,
    arguments: String,
    limits: &Limits,
    context: &ToolContext,
) -> Result<FunctionOutput, ToolError> {
    let limits = Limits {
        timeout: least(limits.timeout, context.remaining()),
        fuel: least(limits.fuel, context.fuel),
        ..*limits
    };
    let request = ExecuteRequest {
        source: arguments,
        mode: ExecuteMode::Tool {
            name: name.to_owned(),
        },
        fuel: limits.fuel,
        cpu_time: limits.cpu_time,
    };
    let controller = kernel.controller();
    let mut printed = String::new();
    let finished = kernel.execute(request, &limits, &mut |event| match event {
        KernelEvent::Output(_, text) => {
            printed.push_str(&text);
            context.report(Update::Output(Content::Text { text }));
        }
        // Nobody is there to give it a line.
        KernelEvent::ReadLine(_) => controller.answer(Err(ReadLineError::EndOfFile)),
        KernelEvent::Progress(progress) => context.report(Update::Progress {
            done: progress.done,
            total: progress.total,
            message: progress.message,
        }),
        KernelEvent::Answered(_) | KernelEvent::Displayed(_) => {}
    });
    context.charge(&finished.status, finished.cost.fuel_used, limits.fuel);
    match (finished.status, finished.result) {
        (Status::Ok, Some(result)) => Ok(FunctionOutput { printed, result }),
        (Status::Ok, None) => Err(ToolError::failed("the function gave nothing back")),
        (status, _) => {
            let problem = executor::describe_failure(status);
            let problem = problem.unwrap_or_else(|| "the function ended its program".to_owned());
            Err(ToolError::failed(problem))
        }
    }
}

/// The stricter of two bounds.
pub(super) fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    [one, other].into_iter().flatten().min()
}

/// A program whose functions are tools.
pub(crate) struct FunctionProgram {
    /// Its file, for tracebacks.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// Its text.
    pub source: String,
    /// The binary that workers are started from.
    pub worker: PathBuf,
    /// For the program, and for each call.
    pub limits: Limits,
    /// From where its code calls tools.
    pub place: Place,
}

struct Shared {
    kernel: Mutex<Kernel>,
    controller: Controller,
    limits: Limits,
}

impl FunctionProgram {
    /// Runs the program, which registers its functions. They are there as long as this process: its
    /// kernel is.
    ///
    /// # Errors
    /// Why it can't run, or the traceback.
    pub fn load(
        self,
        toolbox: &Arc<Toolbox>,
        engines: &Arc<Engines>,
        write: &mut dyn FnMut(Stream, &str),
    ) -> Result<(), String> {
        let mut kernel = Kernel::new(self.language, self.worker, &self.limits)
            .map_err(|error| error.to_string())?;
        let controller = kernel.controller();
        let limits = self.limits;
        let place = self.place;
        let shared = Arc::new_cyclic(|shared: &Weak<Shared>| {
            let shared = Weak::clone(shared);
            let desk = CellDesk {
                engines: Arc::clone(engines),
                registry: Arc::clone(&toolbox.registry),
                place,
                calls: calls_of(Arc::clone(toolbox)),
                functions: Arc::new(move |name, arguments, context| match shared.upgrade() {
                    Some(shared) => shared.call(name, arguments, context),
                    None => Err(ToolError::failed("the program of this function is gone")),
                }),
                registered: Mutex::default(),
                kept: AtomicU64::default(),
            };
            kernel.set_desk(Arc::new(desk) as Arc<dyn Desk>);
            Shared {
                kernel: Mutex::new(kernel),
                controller,
                limits,
            }
        });
        let mut kernel = shared.lock();
        kernel.start().map_err(|error| error.to_string())?;
        let request = ExecuteRequest {
            source: self.source,
            mode: ExecuteMode::Program {
                name: self.name,
                arguments: Vec::new(),
                wants_result: false,
            },
            fuel: limits.fuel,
            cpu_time: limits.cpu_time,
        };
        let finished = executor::run(
            &mut kernel,
            request,
            &limits,
            &mut |_| Err(ReadLineError::EndOfFile),
            write,
        );
        drop(kernel);
        if let Some(problem) = executor::describe_failure(finished.status) {
            return Err(problem);
        }
        // Its worker goes when the pipes of this process are closed.
        std::mem::forget(shared);
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kernel> {
        self.kernel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(
        &self,
        name: &str,
        arguments: String,
        context: &ToolContext,
    ) -> Result<FunctionOutput, ToolError> {
        let began = Instant::now();
        let mut kernel = loop {
            match self.kernel.try_lock() {
                Ok(kernel) => break kernel,
                Err(TryLockError::Poisoned(kernel)) => break kernel.into_inner(),
                Err(TryLockError::WouldBlock) => context.check()?,
            }
            if began.elapsed() > PATIENCE {
                return Err(ToolError::transient(format!(
                    "the program of {name} is at work on another call: try again later"
                )));
            }
            thread::sleep(LOOK_EVERY);
        };
        context.check()?;
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let is_done = &is_done;
            let watch = scope.spawn(move || {
                while !is_done.load(Ordering::Acquire) {
                    // Said before the kernel is at it, it is not heard.
                    let pause = if context.check().is_err() {
                        self.controller.interrupt();
                        ASK_AGAIN
                    } else {
                        LOOK_EVERY
                    };
                    thread::park_timeout(pause);
                }
            });
            let outcome = call_function(&mut kernel, name, arguments, &self.limits, context);
            is_done.store(true, Ordering::Release);
            watch.thread().unpark();
            outcome
        })
    }
}
