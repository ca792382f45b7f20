//! A session's interpreter: cells in, results and tracebacks out.

use std::rc::Rc;
use std::sync::Arc;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyDictRef, PyInt, PyStr};
use rustpython_vm::compiler::Mode;
use rustpython_vm::scope::Scope;
use rustpython_vm::{AsObject, PyObjectRef, PyResult, Settings, VirtualMachine};

use super::fuel::Metering;
use super::host::{self, functions, printable};
use super::interrupt::Interrupt;
use super::{doors, names, syntax};
use crate::kernel::{
    Ending, ExecuteMode, ExecuteReply, ExecuteRequest, Host, Interpreter, StartError, memory,
};
use crate::protocol::{Completions, Language, Stream};

/// What runs before the user's code.
const START: &str = include_str!("lib/start.py");
/// Modules that stand in for those of the operating system.
const STAND_INS: [(&str, &str); 13] = [
    ("_brokered_files", include_str!("lib/files.py")),
    ("_brokered_net", include_str!("lib/net.py")),
    ("_posixsubprocess", include_str!("lib/_posixsubprocess.py")),
    ("_signal", include_str!("lib/_signal.py")),
    ("_socket", include_str!("lib/_socket.py")),
    ("companion", include_str!("lib/companion.py")),
    ("_tool_schema", include_str!("lib/_tool_schema.py")),
    (
        "concurrent.futures.thread",
        include_str!("lib/thread_pool.py"),
    ),
    ("execution", include_str!("lib/execution.py")),
    ("generation", include_str!("lib/generation.py")),
    ("posix", include_str!("lib/posix.py")),
    ("select", include_str!("lib/select.py")),
    ("tools", include_str!("lib/tools.py")),
];
/// CPython's own default; the stack of the worker is deep enough for it.
const RECURSION_LIMIT: usize = 1000;
/// Formatting an error is not the user's doing, and imports what it needs. Methods of the error
/// are, and may not run forever.
const STEPS_TO_FORMAT: u64 = 20_000_000;

/// Builds the interpreter. Wants a thread with a stack of 256 MiB: deep recursion in native code
/// (a sort key that sorts, a `__repr__` that calls `repr`) is stopped by the end of the stack.
pub(super) fn start(host: Arc<dyn Host>) -> Result<Box<dyn Interpreter>, StartError> {
    Python::new(host)
        .map(|python| Box::new(python) as Box<dyn Interpreter>)
        .map_err(|message| StartError {
            language: Language::Python,
            message,
        })
}

struct Python {
    vm: rustpython_vm::Interpreter,
    host: Arc<dyn Host>,
    interrupt: Arc<Interrupt>,
    metering: Rc<Metering>,
    /// The namespace of `lib/start.py`.
    machinery: PyDictRef,
    /// The namespace of `__main__`: the user's variables.
    main: PyDictRef,
}

impl Python {
    fn new(host: Arc<dyn Host>) -> Result<Self, String> {
        let (interrupt, receiver) = Interrupt::new(Arc::clone(&host));
        let mut settings = Settings::default();
        settings.install_signal_handlers = false;
        settings.import_site = false;
        settings.isolated = true;
        settings.hash_seed = Some(0);
        settings.write_bytecode = false;
        let builder = rustpython_vm::Interpreter::builder(settings);
        let native = rustpython_stdlib::stdlib_module_defs(&builder.ctx);
        let vm = builder
            .add_native_modules(&native)
            .add_frozen_modules(rustpython_pylib::FROZEN_STDLIB)
            .init_hook(move |vm| vm.set_user_signal_channel(receiver))
            .build();
        let metering = Rc::new(Metering::new(&interrupt, host.guards()));
        let (machinery, main) = vm
            .enter(|vm| {
                vm.recursion_limit.set(RECURSION_LIMIT);
                metering.install(vm)?;
                if host.guards() {
                    doors::close(vm)?;
                }
                let machinery = run_start(vm, &host, &interrupt)?;
                if host.guards() {
                    doors::hold_modules(machinery.get_item("REFUSED", vm)?, vm)?;
                }
                let main = vm.main_namespace()?;
                let scope = Scope::with_builtins(None, main, vm);
                Ok((machinery, scope.globals))
            })
            .map_err(|error: PyBaseExceptionRef| vm.enter(|vm| describe(&error, vm)))?;
        Ok(Self {
            vm,
            host,
            interrupt,
            metering,
            machinery,
            main,
        })
    }

    /// Calls a function of `lib/start.py`.
    fn call(
        &self,
        vm: &VirtualMachine,
        name: &'static str,
        args: impl rustpython_vm::function::IntoFuncArgs,
    ) -> PyResult {
        self.machinery.get_item(name, vm)?.call(args, vm)
    }

    fn run(&self, vm: &VirtualMachine, request: &ExecuteRequest) -> PyResult<Option<String>> {
        let source = request.source.as_str();
        let cell = match &request.mode {
            ExecuteMode::Cell { execution_count } => Some(*execution_count),
            ExecuteMode::Program { .. } | ExecuteMode::Tool { .. } => None,
        };
        let (path, wants_result) = match &request.mode {
            ExecuteMode::Cell { execution_count } => (format!("<cell {execution_count}>"), true),
            ExecuteMode::Program {
                name,
                arguments,
                wants_result,
            } => {
                self.set_program(vm, name, arguments)?;
                (name.clone(), *wants_result)
            }
            ExecuteMode::Tool { name } => {
                let result = self.call(vm, "run_tool", (name.clone(), source.to_owned()))?;
                return Ok(Some(printable(&*result.str(vm)?)));
            }
        };
        if let Some(count) = cell {
            self.call(vm, "remember", (count, source.to_owned()))?;
        }
        if self.host.guards() {
            host::check_source(source, vm)?;
        }
        self.call(vm, "prime", (path.clone(), source.to_owned()))?;
        let mode = if wants_result && syntax::ends_in_expression(source, cell.is_some()) {
            Mode::BlockExpr
        } else {
            Mode::Exec
        };
        let code = vm
            .compile(source, mode, path)
            .map_err(|error| error.into_pyexception(vm, Some(source)))?;
        let code = self.metering.metered(&code, vm)?;
        let scope = Scope::with_builtins(None, self.main.clone(), vm);
        let value = vm.run_code_obj(code, scope)?;
        if vm.is_none(&value) {
            return Ok(None);
        }
        let shown = printable(&*value.repr(vm)?);
        if let Some(count) = cell {
            self.call(vm, "display", (value.clone(),))?;
            self.call(vm, "keep", (count, value))?;
        }
        Ok(Some(shown))
    }

    fn set_program(&self, vm: &VirtualMachine, name: &str, arguments: &[String]) -> PyResult<()> {
        let words = std::iter::once(name).chain(arguments.iter().map(String::as_str));
        let argv = vm
            .ctx
            .new_list(words.map(|word| vm.ctx.new_str(word).into()).collect());
        vm.sys_module.set_attr("argv", argv, vm)?;
        if name != "<stdin>" {
            self.main
                .set_item("__file__", vm.ctx.new_str(name).into(), vm)?;
        }
        Ok(())
    }

    fn ending(&self, vm: &VirtualMachine, error: &PyBaseExceptionRef) -> Ending {
        if let Some(ending) = self.interrupt.ending() {
            return ending;
        }
        if error.fast_isinstance(vm.ctx.exceptions.memory_error) && memory::was_full() {
            return Ending::OutOfMemory;
        }
        if error.fast_isinstance(vm.ctx.exceptions.system_exit) {
            return self.exit(vm, error);
        }
        let ename = error.class().name().to_string();
        let evalue = error
            .as_object()
            .str(vm)
            .map(|text| printable(&text))
            .unwrap_or_default();
        if let Some(ending) = self.interrupt.ending() {
            return ending;
        }
        let meter = self.interrupt.meter();
        let formatted = meter
            .aside(STEPS_TO_FORMAT, || {
                self.call(vm, "format_error", (error.clone(),))
            })
            .ok()
            .and_then(|text| text.downcast::<PyStr>().ok())
            .map(|text| printable(&text));
        if let Some(ending) = self.interrupt.ending() {
            return ending;
        }
        let traceback = formatted.unwrap_or_else(|| match evalue.as_str() {
            "" => format!("{ename}\n"),
            evalue => format!("{ename}: {evalue}\n"),
        });
        Ending::Error {
            ename,
            evalue,
            traceback,
        }
    }

    /// CPython's rules: `None` is 0, a number is itself, anything else is printed and is 1.
    fn exit(&self, vm: &VirtualMachine, error: &PyBaseExceptionRef) -> Ending {
        let code: PyObjectRef = error
            .as_object()
            .get_attr("code", vm)
            .unwrap_or_else(|_| vm.ctx.none());
        if vm.is_none(&code) {
            return Ending::Exit { code: 0 };
        }
        if let Some(code) = code.downcast_ref::<PyInt>() {
            let code = code.as_bigint().try_into().unwrap_or(-1);
            return Ending::Exit { code };
        }
        if let Ok(text) = code.str(vm) {
            self.host
                .write(Stream::Stderr, &format!("{}\n", printable(&text)));
        }
        Ending::Exit { code: 1 }
    }
}

impl Interpreter for Python {
    fn execute(&mut self, request: &ExecuteRequest) -> ExecuteReply {
        self.vm.enter(|vm| {
            let running = self.interrupt.enter();
            let outcome = self.run(vm, request);
            let finished = match request.mode {
                ExecuteMode::Program { .. } if self.interrupt.ending().is_none() => {
                    self.call(vm, "finish", ()).map(drop)
                }
                _ => Ok(()),
            };
            let reply = match outcome.and_then(|result| finished.map(|()| result)) {
                // It may have swallowed that it was out of fuel and come to its end since.
                Ok(_)
                    if let Some(ending) = self.interrupt.ending()
                        && ending != Ending::Interrupted =>
                {
                    ExecuteReply {
                        ending,
                        result: None,
                    }
                }
                Ok(result) => ExecuteReply {
                    ending: Ending::Ok,
                    result,
                },
                Err(error) => ExecuteReply {
                    ending: self.ending(vm, &error),
                    result: None,
                },
            };
            drop(running);
            if matches!(
                reply.ending,
                Ending::Interrupted | Ending::OutOfFuel | Ending::OutOfMemory
            ) {
                // Of its own code only: it has nothing to say to the user.
                let _ = self.call(vm, "after_interruption", ());
            }
            reply
        })
    }

    fn complete(&mut self, source: &str, cursor: usize) -> Completions {
        self.vm
            .enter(|vm| names::complete(vm, &self.main, source, cursor))
    }
}

fn run_start(
    vm: &VirtualMachine,
    host: &Arc<dyn Host>,
    interrupt: &Arc<Interrupt>,
) -> PyResult<PyDictRef> {
    let sources = vm.ctx.new_dict();
    for (name, source) in STAND_INS {
        sources.set_item(name, vm.ctx.new_str(source).into(), vm)?;
    }
    let globals = vm.ctx.new_dict();
    globals.set_item("__name__", vm.ctx.new_str("companion").into(), vm)?;
    globals.set_item("native", functions(vm, host, interrupt)?.into(), vm)?;
    globals.set_item("sources", sources.into(), vm)?;
    let guards = vm.ctx.new_bool(host.guards());
    globals.set_item("guards", guards.into(), vm)?;
    let code = vm
        .compile(START, Mode::Exec, "<companion>")
        .map_err(|error| error.into_pyexception(vm, Some(START)))?;
    vm.run_code_obj(code, Scope::with_builtins(None, globals.clone(), vm))?;
    Ok(globals)
}

/// An exception at start-up, in one line.
fn describe(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> String {
    let text = error
        .as_object()
        .str(vm)
        .map(|text| printable(&text))
        .unwrap_or_default();
    let line = error
        .traceback()
        .map_or(0, |traceback| traceback.lineno.get());
    format!("{}: {text} (line {line} of start.py)", error.class().name())
}
