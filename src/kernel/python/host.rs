//! What Python code may ask of the world, as native functions: they leave no frame in a
//! traceback. `lib/start.py` puts them where programs look for them.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyBytes, PyDictRef, PyStr, PyStrRef};
use rustpython_vm::convert::ToPyObject;
use rustpython_vm::function::{ArgIntoFloat, FuncArgs};
use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromObject, VirtualMachine,
};

use super::interrupt::Interrupt;
use super::syntax;
use crate::kernel::{Host, ReadLineError};
use crate::protocol::Stream;

/// `errno.EACCES`
const EACCES: i32 = 13;
/// More random bytes than this in one call are nobody's need.
const MAX_RANDOM_BYTES: usize = 1 << 24;

/// The functions, by the names that `lib/start.py` knows them by.
pub(super) fn functions(
    vm: &VirtualMachine,
    host: &Arc<dyn Host>,
    interrupt: &Arc<Interrupt>,
) -> PyResult<PyDictRef> {
    let functions = vm.ctx.new_dict();
    for (name, stream) in [
        ("write_stdout", Stream::Stdout),
        ("write_stderr", Stream::Stderr),
    ] {
        let host = Arc::clone(host);
        let write = vm.new_function("write", move |text: PyObjectRef, vm: &VirtualMachine| {
            let text = expect_str(&text, vm)?;
            host.write(stream, &printable(&text));
            Ok::<_, PyBaseExceptionRef>(text.char_len())
        });
        functions.set_item(name, write.into(), vm)?;
    }

    let asked = Arc::clone(host);
    let read_line = vm.new_function("readline", move |prompt: PyStrRef, vm: &VirtualMachine| {
        asked
            .read_line(&printable(&prompt))
            .map_err(|error| no_line(error, vm))
    });
    functions.set_item("read_line", read_line.into(), vm)?;

    let sleeper = Arc::clone(interrupt);
    let sleep = vm.new_function("sleep", move |seconds: PyObjectRef, vm: &VirtualMachine| {
        sleeper.sleep(duration(seconds, vm)?, vm)
    });
    functions.set_item("sleep", sleep.into(), vm)?;

    let urandom = vm.new_function("urandom", |size: isize, vm: &VirtualMachine| {
        let size = usize::try_from(size)
            .map_err(|_| vm.new_value_error("negative argument not allowed"))?;
        if size > MAX_RANDOM_BYTES {
            return Err(vm.no_memory_error());
        }
        rustpython_vm::host_env::os::urandom(size)
            .map(|bytes| PyBytes::from(bytes).into_ref(&vm.ctx))
            .map_err(|error| vm.new_os_error(error.to_string()))
    });
    functions.set_item("urandom", urandom.into(), vm)?;

    super::files::add(vm, host, &functions)?;
    super::desk::add(vm, host, &functions)?;

    let deny = vm.new_function(
        "deny",
        |name: PyStrRef, message: PyStrRef, vm: &VirtualMachine| {
            // Leaked on purpose: native functions want names that live forever, and the few dozen
            // that exist are made once in the life of a worker.
            let name: &'static str = Box::leak(printable(&name).into_boxed_str());
            vm.new_function(
                name,
                move |args: FuncArgs, vm: &VirtualMachine| -> PyResult<()> {
                    Err(denied(&message, &args, vm))
                },
            )
        },
    );
    functions.set_item("deny", deny.into(), vm)?;
    Ok(functions)
}

/// A string's text with what is no Unicode, lone surrogates, as Python writes it in a literal:
/// CPython's error handler `backslashreplace`.
pub(super) fn printable(text: &PyStr) -> String {
    if let Some(text) = text.to_str() {
        return text.to_owned();
    }
    let mut out = String::new();
    for point in text.as_wtf8().code_points() {
        match point.to_char() {
            Some(c) => out.push(c),
            None => {
                let _ = write!(out, "\\u{:04x}", point.to_u32());
            }
        }
    }
    out
}

/// Refuses source code that would take a parser too deep.
pub(super) fn check_source(source: &str, vm: &VirtualMachine) -> PyResult<()> {
    syntax::check_source(source).map_err(|problem| {
        vm.new_exception_msg(
            vm.ctx.exceptions.syntax_error.to_owned(),
            problem.to_owned().into(),
        )
    })
}

/// A fresh `KeyboardInterrupt`.
pub(super) fn keyboard_interrupt(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned())
}

fn no_line(error: ReadLineError, vm: &VirtualMachine) -> PyBaseExceptionRef {
    match error {
        ReadLineError::Interrupted => keyboard_interrupt(vm),
        ReadLineError::EndOfFile => vm.new_exception_msg(
            vm.ctx.exceptions.eof_error.to_owned(),
            "EOF when reading a line".to_owned().into(),
        ),
    }
}

fn expect_str(text: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PyStr>> {
    text.to_owned().downcast().map_err(|other: PyObjectRef| {
        vm.new_type_error(format!(
            "write() argument must be str, not {}",
            other.class().name()
        ))
    })
}

fn duration(seconds: PyObjectRef, vm: &VirtualMachine) -> PyResult<Duration> {
    let wrong_type = format!(
        "'{}' object cannot be interpreted as an integer or float",
        seconds.class().name()
    );
    let seconds = ArgIntoFloat::try_from_object(vm, seconds)
        .map_err(|_| vm.new_type_error(wrong_type))?
        .into_float();
    if seconds < 0.0 {
        return Err(vm.new_value_error("sleep length must be non-negative"));
    }
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| vm.new_overflow_error("timestamp too large to convert to C PyTime_t"))
}

/// `PermissionError(EACCES, message[, path])`
fn denied(message: &PyStr, args: &FuncArgs, vm: &VirtualMachine) -> PyBaseExceptionRef {
    let mut arguments = vec![
        EACCES.to_pyobject(vm),
        vm.ctx.new_str(printable(message)).into(),
    ];
    arguments.extend(
        args.args
            .first()
            .filter(|path| path.fast_isinstance(vm.ctx.types.str_type))
            .cloned(),
    );
    let class = vm.ctx.exceptions.permission_error;
    match vm.invoke_exception(class, arguments) {
        Ok(error) | Err(error) => error,
    }
}
