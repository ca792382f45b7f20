//! Ways around the stand-ins and the meter that the interpreter leaves open, closed.
//!
//! Bytecode that no compiler made goes unchecked in RustPython, be it about fuel or about memory:
//! `types.CodeType`, `code.replace(co_code=…)` and `marshal` make none here. And a module that
//! was taken out of `sys.modules` comes back as it was changed, not fresh.

use std::cell::Cell;

use rustpython_vm::builtins::{
    PyBaseExceptionRef, PyCode, PyDict, PyDictRef, PyFrozenSet, PyList, PySet, PyTuple,
};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};

/// Closes the ways to code that was not made by a compiler.
pub(super) fn close(vm: &VirtualMachine) -> PyResult<()> {
    let code_type = vm.ctx.types.code_type;
    code_type.slots.new.store(Some(|_, _, vm| Err(forged(vm))));
    let new = vm.new_function("__new__", |_: FuncArgs, vm: &VirtualMachine| {
        Err::<(), _>(forged(vm))
    });
    code_type.set_attr(vm.ctx.intern_str("__new__"), new.into());
    // Types outlive interpreters; each thread has its own.
    thread_local!(static CLOSED: Cell<bool> = const { Cell::new(false) });
    if !CLOSED.replace(true) {
        for name in ["replace", "__replace__"] {
            let Some(original) = code_type.get_attr(vm.ctx.intern_str(name)) else {
                continue;
            };
            let replace = move |args: FuncArgs, vm: &VirtualMachine| {
                let forges = ["co_code", "co_consts", "co_exceptiontable", "co_stacksize"];
                if forges.iter().any(|name| args.kwargs.contains_key(name)) {
                    return Err(forged(vm));
                }
                original.call(args, vm)
            };
            let replace = vm.new_method(name, code_type, replace);
            code_type.set_attr(vm.ctx.intern_str(name), replace.into());
        }
    }
    let marshal = vm.import("marshal", 0)?;
    for name in ["load", "loads"] {
        let original = marshal.get_attr(name, vm)?;
        let checked = vm.new_function(name, move |args: FuncArgs, vm: &VirtualMachine| {
            let value = original.call(args, vm)?;
            if holds_code(&value) {
                return Err(forged(vm));
            }
            Ok(value)
        });
        marshal.set_attr(name, checked, vm)?;
    }
    Ok(())
}

fn forged(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_exception_msg(
        vm.ctx.exceptions.permission_error.to_owned(),
        "bytecode is made by the compiler only in the sandbox: use compile()"
            .to_owned()
            .into(),
    )
}

/// Whether a value that came out of `marshal` is code, or has some in it.
fn holds_code(value: &PyObject) -> bool {
    if value.downcast_ref::<PyCode>().is_some() {
        true
    } else if let Some(tuple) = value.downcast_ref::<PyTuple>() {
        tuple.iter().any(|item| holds_code(item))
    } else if let Some(list) = value.downcast_ref::<PyList>() {
        list.borrow_vec().iter().any(|item| holds_code(item))
    } else if let Some(dict) = value.downcast_ref::<PyDict>() {
        dict.items_vec()
            .iter()
            .any(|(key, value)| holds_code(key) || holds_code(value))
    } else if let Some(set) = value.downcast_ref::<PyFrozenSet>() {
        set.elements().iter().any(|item| holds_code(item))
    } else if let Some(set) = value.downcast_ref::<PySet>() {
        set.elements().iter().any(|item| holds_code(item))
    } else {
        false
    }
}

/// Lets the native modules of the start-up be imported again, but not be made again, and those of
/// `refused` neither.
pub(super) fn hold_modules(refused: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    let held = vm.ctx.new_dict();
    let modules: PyDictRef = vm.sys_module.get_attr("modules", vm)?.try_into_value(vm)?;
    for (name, module) in modules.items_vec() {
        held.set_item(&*name, module, vm)?;
    }
    let imp = vm.import("_imp", 0)?;
    let original = imp.get_attr("create_builtin", vm)?;
    let create = vm.new_function(
        "create_builtin",
        move |spec: PyObjectRef, vm: &VirtualMachine| {
            let name = spec.get_attr("name", vm)?;
            if let Ok(module) = held.get_item(&*name, vm) {
                let modules: PyDictRef =
                    vm.sys_module.get_attr("modules", vm)?.try_into_value(vm)?;
                modules.set_item(&*name, module.clone(), vm)?;
                return Ok(module);
            }
            if let Ok(reason) = refused.get_item(&*name, vm) {
                let message = format!("No module named {}: {}", name.repr(vm)?, reason.str(vm)?);
                return Err(vm.new_import_error(message, name.str(vm)?));
            }
            original.call((spec,), vm)
        },
    );
    imp.set_attr("create_builtin", create, vm)
}
