//! `QuickJS` behind the [`Interpreter`] trait: one runtime, one context, one event loop.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rquickjs::function::IntoArgs;
use rquickjs::promise::PromiseState;
use rquickjs::{
    Array, CatchResultExt, Context, Ctx, FromJs, Function, Module, Object, Persistent, Promise,
    Runtime, Value,
};

use super::allocator::SoftAllocator;
use super::complete;
use super::host::State;
use super::pieces::{Core, Modules, eval, load_piece};
use super::report::{self, Place, Thrown};
use super::source::{self, Form, Plan};
use crate::kernel::{
    Ending, ExecuteMode, ExecuteReply, ExecuteRequest, Host, Interpreter, StartError,
};
use crate::protocol::{Completion, Completions, Language};

/// Stack that JavaScript may use, about what node gives. The thread has to have more.
const STACK_BYTES: usize = 1 << 20;
/// The longest sleep before the interrupt flag is looked at again.
const SLICE: Duration = Duration::from_millis(10);
/// Jobs of a dead cell that are thrown away before the queue is taken for endless. One takes some
/// hundred bytes, so that memory ends before this does.
const MAX_DROPPED_JOBS: usize = 50_000_000;

/// Builds the interpreter.
pub(super) fn start(host: Arc<dyn Host>) -> Result<Box<dyn Interpreter>, StartError> {
    JavaScript::new(host)
        .map(|javascript| Box::new(javascript) as Box<dyn Interpreter>)
        .map_err(|message| StartError {
            language: Language::JavaScript,
            message,
        })
}

/// A function of `core.js` that callbacks of the engine need.
type SharedFunction = Rc<RefCell<Option<Persistent<Function<'static>>>>>;

struct JavaScript {
    // Values go before the context, the context before the runtime: fields drop in this order.
    core: Persistent<Object<'static>>,
    track_rejection: SharedFunction,
    state: Rc<State>,
    context: Context,
    runtime: Runtime,
}

/// Why a cell came to its end before its end.
enum Stop {
    Interrupted,
    Exit(i32),
    OutOfFuel,
    OutOfMemory,
    Thrown(Box<Thrown>),
}

/// What became of the promise of a cell.
enum Settled {
    NotYet,
    /// With the text of its value.
    Done(Option<String>),
}

impl From<rquickjs::Error> for Stop {
    /// For calls whose exceptions were already looked at.
    fn from(error: rquickjs::Error) -> Self {
        Self::Thrown(Box::new(Thrown {
            name: "Error".to_owned(),
            message: error.to_string(),
            text: format!("Error: {error}"),
            is_error: true,
            place: None,
        }))
    }
}

impl JavaScript {
    fn new(host: Arc<dyn Host>) -> Result<Self, String> {
        let runtime =
            Runtime::new_with_alloc(SoftAllocator::default()).map_err(|error| error.to_string())?;
        runtime.set_max_stack_size(STACK_BYTES);
        let context = Context::full(&runtime).map_err(|error| error.to_string())?;
        let state = Rc::new(State::new(host));
        let track_rejection = SharedFunction::default();

        let tracker = Rc::clone(&track_rejection);
        runtime.set_host_promise_rejection_tracker(Some(Box::new(
            move |ctx, promise, reason, is_handled| {
                let function = tracker.borrow().clone();
                if let Some(Ok(function)) = function.map(|function| function.restore(&ctx))
                    && function
                        .call::<_, ()>((promise, reason, is_handled))
                        .is_err()
                {
                    ctx.catch();
                }
            },
        )));
        runtime.set_loader(Modules, Modules);

        let core = context.with(|ctx| {
            let build = || {
                let host = super::host::object(&ctx, &state)?;
                let load = Function::new(ctx.clone(), load_piece)?;
                let make: Function<'_> = load_piece(ctx.clone(), "core".to_owned())?;
                let core: Object<'_> = make.call((host, load))?;
                let track: Function<'_> = core.get("trackRejection")?;
                *track_rejection.borrow_mut() = Some(Persistent::save(&ctx, track));
                ctx.store_userdata(Core(core.clone()))
                    .map_err(|_| rquickjs::Error::Unknown)?;
                Ok(Persistent::save(&ctx, core))
            };
            build().catch(&ctx).map_err(|error| error.to_string())
        })?;

        let shared = Rc::clone(&state);
        runtime.set_interrupt_handler(Some(Box::new(move || shared.should_stop())));
        #[cfg(feature = "measure")]
        if crate::kernel::UNMETERED.load(std::sync::atomic::Ordering::Relaxed) {
            runtime.set_interrupt_handler(None);
        }
        Ok(Self {
            core,
            track_rejection,
            state,
            context,
            runtime,
        })
    }

    /// Runs a plan to the end of its event loop. The first is the result.
    fn run(&self, plan: Plan, request: &ExecuteRequest) -> Result<Option<String>, Stop> {
        let file = report::file_name(&request.mode);
        let count = match request.mode {
            ExecuteMode::Cell { execution_count } => execution_count,
            ExecuteMode::Program { .. } | ExecuteMode::Tool { .. } => 0,
        };
        let mut result = None;
        let mut awaited = None;

        self.context.with(|ctx| {
            let argv = Array::new(ctx.clone())?;
            argv.set(0, "companion")?;
            if let ExecuteMode::Program { arguments, .. } = &request.mode {
                argv.set(1, file.as_str())?;
                for (index, argument) in arguments.iter().enumerate() {
                    argv.set(index + 2, argument.as_str())?;
                }
            }
            let begin = (
                file.as_str(),
                plan.form.is_shifted(),
                request.source.as_str(),
                count,
                plan.declared.as_slice(),
                argv,
                matches!(plan.form, Form::Cell { .. }),
            );
            self.call::<()>(&ctx, "begin", begin)?;
            let promise = match plan.form {
                Form::Cell {
                    is_async,
                    is_strict,
                } => {
                    let value = eval(&ctx, plan.text, &file, is_strict, is_async);
                    let value = self.check(&ctx, value)?;
                    if !is_async {
                        result = self.finish(&ctx, value, &request.mode)?;
                        return Ok(());
                    }
                    value.into_promise()
                }
                Form::CommonJs { is_async } => {
                    let function = eval::<Function<'_>>(&ctx, plan.text, &file, false, false);
                    let function = self.check(&ctx, function)?;
                    let value: Value<'_> = self.call(&ctx, "runFile", (function, file.as_str()))?;
                    value.into_promise().filter(|_| is_async)
                }
                Form::Module => {
                    let promise = Module::evaluate(ctx.clone(), file.as_str(), plan.text);
                    Some(self.check(&ctx, promise)?)
                }
            };
            if let Some(promise) = promise {
                self.call::<()>(&ctx, "watch", (promise.clone(),))?;
                awaited = Some(Persistent::save(&ctx, promise));
            }
            Ok::<_, Stop>(())
        })?;

        loop {
            if let Some(promise) = &awaited {
                let settled = self.context.with(|ctx| {
                    let promise = promise.clone().restore(&ctx)?;
                    self.settle(&ctx, &promise, plan.form, &request.mode)
                })?;
                if let Settled::Done(text) = settled {
                    result = text;
                    awaited = None;
                }
            }
            if self.drain()? {
                continue;
            }
            self.context.with(|ctx| self.rejected(&ctx))?;
            let wait: f64 = self
                .context
                .with(|ctx| self.call_or_listen(&ctx, "step", ()))?
                .unwrap_or(0.0);
            self.stopped()?;
            if wait < 0.0 {
                break;
            }
            self.sleep(wait)?;
        }
        if awaited.is_some() {
            return Err(Stop::Thrown(Box::new(Thrown {
                name: "Error".to_owned(),
                message: "unsettled top-level await".to_owned(),
                text: "Error: unsettled top-level await: nothing is left that could settle it"
                    .to_owned(),
                place: None,
                is_error: true,
            })));
        }
        if count == 0 {
            self.context
                .with(|ctx| self.call::<()>(&ctx, "exitListeners", ()))?;
        }
        let code: Option<i32> = self.context.with(|ctx| self.call(&ctx, "exitCode", ()))?;
        match code {
            Some(code) if count == 0 && code != 0 => Err(Stop::Exit(code)),
            _ => Ok(result),
        }
    }

    /// Whether the cell's own promise is settled, and to what text.
    fn settle<'js>(
        &self,
        ctx: &Ctx<'js>,
        promise: &Promise<'js>,
        form: Form,
        mode: &ExecuteMode,
    ) -> Result<Settled, Stop> {
        match promise.state() {
            PromiseState::Pending => Ok(Settled::NotYet),
            PromiseState::Rejected => {
                let reason = promise
                    .result::<Value<'js>>()
                    .map(|result| self.check(ctx, result));
                match reason {
                    Some(Err(stop)) => Err(stop),
                    _ => Ok(Settled::NotYet),
                }
            }
            PromiseState::Resolved if !matches!(form, Form::Cell { .. }) => Ok(Settled::Done(None)),
            PromiseState::Resolved => {
                let Some(Ok(settled)) = promise.result::<Object<'js>>() else {
                    return Ok(Settled::Done(None));
                };
                let value = settled.get("value")?;
                self.finish(ctx, value, mode).map(Settled::Done)
            }
        }
    }

    fn finish<'js>(
        &self,
        ctx: &Ctx<'js>,
        value: Value<'js>,
        mode: &ExecuteMode,
    ) -> Result<Option<String>, Stop> {
        match mode {
            // What a tool gives is JSON, and no value to look at.
            ExecuteMode::Tool { .. } => Ok(Some(value.get()?)),
            ExecuteMode::Cell { execution_count } => {
                self.call(ctx, "finish", (value, *execution_count))
            }
            ExecuteMode::Program { .. } => self.call(ctx, "finish", (value, 0)),
        }
    }

    /// Runs ticks and jobs until none is left; whether there were any.
    fn drain(&self) -> Result<bool, Stop> {
        let mut any = false;
        loop {
            let ticked: bool = self
                .context
                .with(|ctx| self.call_or_listen(&ctx, "runTicks", ()))?
                .unwrap_or(true);
            let mut jobs = 0_usize;
            loop {
                self.stopped()?;
                match self.runtime.execute_pending_job() {
                    Ok(false) => break,
                    Ok(true) => jobs += 1,
                    Err(_) => {
                        jobs += 1;
                        self.context.with(|ctx| {
                            let error = ctx.catch();
                            self.listen(&ctx, error)
                        })?;
                    }
                }
            }
            if !ticked && jobs == 0 {
                return Ok(any);
            }
            any = true;
        }
    }

    fn rejected(&self, ctx: &Ctx<'_>) -> Result<(), Stop> {
        while let Some(rejection) = self.call::<Option<Object<'_>>>(ctx, "takeRejection", ())? {
            let reason = rejection.get("reason")?;
            self.listen(ctx, reason)?;
        }
        Ok(())
    }

    fn sleep(&self, ms: f64) -> Result<(), Stop> {
        let end = Duration::try_from_secs_f64(ms / 1e3)
            .ok()
            .and_then(|wait| Instant::now().checked_add(wait));
        loop {
            self.stopped()?;
            let left = end.map_or(SLICE, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(SLICE));
        }
    }

    fn stopped(&self) -> Result<(), Stop> {
        if let Some(code) = self.state.exit.get() {
            return Err(Stop::Exit(code));
        }
        if self.state.host.is_interrupted() {
            return Err(Stop::Interrupted);
        }
        if self.state.is_stopped.get() {
            return Err(Stop::OutOfFuel);
        }
        Ok(())
    }

    /// Calls a function of `core.js`.
    fn call<'js, R: FromJs<'js>>(
        &self,
        ctx: &Ctx<'js>,
        name: &str,
        args: impl IntoArgs<'js>,
    ) -> Result<R, Stop> {
        let core = self.core.clone().restore(ctx)?;
        let function: Function<'js> = core.get(name)?;
        self.check(ctx, function.call(args))
    }

    /// Calls a function of `core.js` that runs user code; an error goes to `uncaughtException`
    /// first, and nothing comes back if that takes it.
    fn call_or_listen<'js, R: FromJs<'js>>(
        &self,
        ctx: &Ctx<'js>,
        name: &str,
        args: impl IntoArgs<'js>,
    ) -> Result<Option<R>, Stop> {
        let core = self.core.clone().restore(ctx)?;
        let function: Function<'js> = core.get(name)?;
        match function.call(args) {
            Ok(value) => Ok(Some(value)),
            Err(rquickjs::Error::Exception) => {
                let error = ctx.catch();
                self.listen(ctx, error).map(|()| None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Offers an error to `process.on("uncaughtException")`.
    fn listen<'js>(&self, ctx: &Ctx<'js>, error: Value<'js>) -> Result<(), Stop> {
        self.stopped()?;
        if self.call::<bool>(ctx, "uncaught", (error.clone(),))? {
            return Ok(());
        }
        Err(self.stop(ctx, error))
    }

    fn check<T>(&self, ctx: &Ctx<'_>, result: rquickjs::Result<T>) -> Result<T, Stop> {
        match result {
            Ok(value) => Ok(value),
            Err(rquickjs::Error::Exception) => {
                let error = ctx.catch();
                self.stopped()?;
                Err(self.stop(ctx, error))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What an uncaught value means.
    fn stop<'js>(&self, ctx: &Ctx<'js>, error: Value<'js>) -> Stop {
        // With no memory for an error, the engine throws a bare null.
        let is_bare_null = error.is_null() && !self.state.knows_null.get();
        if is_bare_null || is_out_of_memory(&error) {
            return Stop::OutOfMemory;
        }
        let described = self.core.clone().restore(ctx).and_then(|core| {
            let describe: Function<'js> = core.get("describe")?;
            describe.call::<_, Array<'js>>((error,))
        });
        let Ok(parts) = described else {
            ctx.catch();
            // A getter of the error may have run until it was stopped. Else: even a description
            // needs memory.
            return self.stopped().err().unwrap_or(Stop::OutOfMemory);
        };
        let place = (|| {
            Some(Place {
                file: parts.get(3).ok()?,
                line: parts.get(4).ok()?,
                column: parts.get::<usize>(5).ok()?.max(1),
                is_parse: parts.get(6).unwrap_or(false),
            })
        })();
        Stop::Thrown(Box::new(Thrown {
            name: parts.get(0).unwrap_or_default(),
            message: parts.get(1).unwrap_or_default(),
            text: parts.get(2).unwrap_or_default(),
            place,
            is_error: parts.get(7).unwrap_or(false),
        }))
    }

    /// Empties the queue of jobs, which has no function for that: with no stack left to run on,
    /// every job fails before it reaches user code.
    #[inline(never)]
    #[expect(clippy::large_stack_arrays, reason = "taking up stack is its purpose")]
    fn drop_jobs(&self) {
        // The engine measures its stack from where it was built. This frame has to be below that.
        let below = std::hint::black_box([0_u8; 256 << 10]);
        self.runtime.set_max_stack_size(1);
        for _ in 0..MAX_DROPPED_JOBS {
            match self.runtime.execute_pending_job() {
                Ok(false) => break,
                Ok(true) => {}
                Err(_) => drop(self.context.with(|ctx| ctx.catch().type_of())),
            }
        }
        self.runtime.set_max_stack_size(STACK_BYTES);
        std::hint::black_box(&below);
    }

    /// Throws away what a cell left pending.
    fn clean_up(&self) {
        if self.runtime.is_job_pending() {
            self.drop_jobs();
        }
        self.context.with(|ctx| {
            let core = self.core.clone().restore(&ctx);
            let reset = core.and_then(|core| core.get::<_, Function<'_>>("reset"));
            if reset.and_then(|reset| reset.call::<_, ()>(())).is_err() {
                ctx.catch();
            }
        });
    }
}

impl Drop for JavaScript {
    fn drop(&mut self) {
        self.track_rejection.borrow_mut().take();
        self.runtime.set_host_promise_rejection_tracker(None);
    }
}

impl Interpreter for JavaScript {
    fn execute(&mut self, request: &ExecuteRequest) -> ExecuteReply {
        self.state.exit.set(None);
        self.state.is_stopped.set(false);
        if request.source.contains("null") {
            self.state.knows_null.set(true);
        }
        let plan = match source::plan(&request.source, &request.mode) {
            Ok(plan) => plan,
            Err(error) => {
                return ExecuteReply {
                    ending: report::syntax_error(&error, &request.source, &request.mode),
                    result: None,
                };
            }
        };
        self.state.is_running.set(true);
        let outcome = self.run(plan, request);
        self.state.is_running.set(false);
        let (ending, result) = match outcome {
            Ok(result) => (Ending::Ok, result),
            Err(stop) => (
                match stop {
                    Stop::Interrupted => Ending::Interrupted,
                    Stop::Exit(code) => Ending::Exit { code },
                    Stop::OutOfFuel => Ending::OutOfFuel,
                    Stop::OutOfMemory => Ending::OutOfMemory,
                    Stop::Thrown(thrown) => {
                        report::uncaught(*thrown, &request.source, &request.mode)
                    }
                },
                None,
            ),
        };
        self.clean_up();
        ExecuteReply { ending, result }
    }

    fn complete(&mut self, source: &str, cursor: usize) -> Completions {
        let Some(subject) = complete::subject(source, cursor) else {
            return Completions::default();
        };
        self.state.is_stopped.set(false);
        self.state.exit.set(None);
        let found = self.context.with(|ctx| {
            let found: Vec<Vec<String>> =
                self.call(&ctx, "complete", (subject.chain, subject.prefix))?;
            Ok::<_, Stop>(found)
        });
        let items = found.unwrap_or_default().into_iter().filter_map(|item| {
            let [text, kind] = <[String; 2]>::try_from(item).ok()?;
            Some(Completion { text, kind })
        });
        Completions {
            start: subject.start,
            end: source.floor_char_boundary(cursor),
            items: items.collect(),
        }
    }
}

/// `QuickJS` says so in an error, and when it has no room for that throws a bare `null`.
fn is_out_of_memory(error: &Value<'_>) -> bool {
    error.as_object().is_some_and(|error| {
        error.as_value().is_error()
            && error
                .get::<_, String>("message")
                .is_ok_and(|message| message == "out of memory")
            && error
                .get::<_, String>("name")
                .is_ok_and(|name| name == "InternalError")
    })
}
