//! Fuel for Python: whatever makes code objects here puts steps into them.
//!
//! Code comes from `compile`, `exec` and `eval`, from the frozen standard library and from the
//! cells themselves. `doors` closes the other ways.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rustpython_vm::builtins::{
    PyByteArray, PyBytes, PyCode, PyMemoryView, PyStr, PyType, PyTypeRef,
};
use rustpython_vm::common::static_cell;
use rustpython_vm::function::{ArgBytesLike, FuncArgs};
use rustpython_vm::object::{MaybeTraverse, TraverseFn};
use rustpython_vm::protocol::PyNumber;
use rustpython_vm::types::{PyTypeFlags, PyTypeSlots};
use rustpython_vm::{
    Context, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromObject, VirtualMachine,
};

use super::interrupt::Interrupt;
use super::{host, rewrite};
use crate::kernel::Meter;

/// A constant of the code that it is in: counts when it is asked for its truth.
#[derive(Debug)]
struct Step {
    weight: u64,
    /// The interrupt's own, at hand.
    meter: Arc<Meter>,
    interrupt: Arc<Interrupt>,
}

// By hand, for the crate's own macro wants it compiled with the same debug assertions as this one.
impl PyPayload for Step {
    fn class(ctx: &Context) -> &'static Py<PyType> {
        static_cell! {
            static CLASS: PyTypeRef;
        }
        CLASS.get_or_init(|| {
            let flags = PyTypeFlags::from_slice(&[
                PyTypeFlags::IMMUTABLETYPE,
                PyTypeFlags::DISALLOW_INSTANTIATION,
            ]);
            let slots = PyTypeSlots::new("step", flags);
            slots.as_number.boolean.store(Some(take_step));
            let base = ctx.types.object_type.to_owned();
            ctx.new_class(None, "step", base, slots)
        })
    }
}

impl MaybeTraverse for Step {
    fn try_traverse(&self, _: &mut TraverseFn<'_>) {}
}

fn take_step(step: PyNumber<'_>, vm: &VirtualMachine) -> PyResult<bool> {
    let Some(step) = step.downcast_ref::<Step>() else {
        return Ok(true);
    };
    if step.meter.step(step.weight) {
        return Ok(true);
    }
    step.interrupt.attend(vm).map(|()| true)
}

/// Makes code count.
pub(super) struct Metering {
    interrupt: Arc<Interrupt>,
    /// Whether source code is bounded in size and nesting.
    guards: bool,
    /// One step for each weight.
    steps: RefCell<BTreeMap<u64, PyObjectRef>>,
}

impl Metering {
    pub fn new(interrupt: &Arc<Interrupt>, guards: bool) -> Self {
        Self {
            interrupt: Arc::clone(interrupt),
            guards,
            steps: RefCell::default(),
        }
    }

    fn step(&self, weight: u64, vm: &VirtualMachine) -> PyObjectRef {
        let mut steps = self.steps.borrow_mut();
        let step = steps.entry(weight).or_insert_with(|| {
            let interrupt = Arc::clone(&self.interrupt);
            let step = Step {
                weight,
                meter: Arc::clone(interrupt.meter()),
                interrupt,
            };
            step.into_ref(&vm.ctx).into()
        });
        step.clone()
    }

    /// The same code, with steps in it and in the code of its functions.
    ///
    /// # Errors
    /// `ValueError` for bytecode that no compiler makes.
    pub fn metered(&self, code: &Py<PyCode>, vm: &VirtualMachine) -> PyResult<PyRef<PyCode>> {
        #[cfg(feature = "measure")]
        if crate::kernel::UNMETERED.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(code.to_owned());
        }
        let mut metered =
            rewrite::with_steps(code.code.clone(), |weight| self.step(weight, vm).into())
                .map_err(|error| vm.new_value_error(error.to_string()))?;
        metered.source_path = code.source_path();
        for constant in metered.constants.iter_mut() {
            let object = PyObjectRef::from(constant.clone());
            if let Some(inner) = object.downcast_ref::<PyCode>() {
                *constant = PyObjectRef::from(self.metered(inner, vm)?).into();
            }
        }
        Ok(PyCode::new_ref_with_bag(vm, metered))
    }

    /// Refuses text that would take a parser too deep.
    fn check(&self, source: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        if !self.guards {
            return Ok(());
        }
        if let Some(text) = source.downcast_ref::<PyStr>() {
            text.to_str()
                .map_or(Ok(()), |text| host::check_source(text, vm))
        } else if is_text(source) {
            let bytes = ArgBytesLike::try_from_object(vm, source.to_owned())?;
            let text = String::from_utf8_lossy(&bytes.borrow_buf()).into_owned();
            host::check_source(&text, vm)
        } else {
            Ok(())
        }
    }

    fn metered_object(&self, object: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        match object.downcast_ref::<PyCode>() {
            Some(code) => Ok(self.metered(code, vm)?.into()),
            None => Ok(object),
        }
    }

    /// Puts the functions that make code in the place of the stock ones.
    pub fn install(self: &Rc<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let compile = vm.builtins.get_attr("compile", vm)?;

        let (metering, original) = (Rc::clone(self), compile.clone());
        let checked = vm.new_function("compile", move |args: FuncArgs, vm: &VirtualMachine| {
            let source = args.args.first().or_else(|| args.kwargs.get("source"));
            if let Some(source) = source {
                metering.check(source, vm)?;
            }
            let code = original.call(args, vm)?;
            metering.metered_object(code, vm)
        });
        vm.builtins.set_attr("compile", checked, vm)?;

        for (name, mode) in [("eval", "eval"), ("exec", "exec")] {
            let original = vm.builtins.get_attr(name, vm)?;
            let (metering, compile) = (Rc::clone(self), compile.clone());
            let checked = vm.new_function(name, move |args: FuncArgs, vm: &VirtualMachine| {
                let mut args = args;
                let has_closure = args.kwargs.contains_key("closure");
                if let Some(source) = args.args.first_mut().filter(|_| !has_closure)
                    && is_text(source)
                {
                    metering.check(source, vm)?;
                    if mode == "eval" {
                        *source = without_indent(source, vm);
                    }
                    let code = compile.call((source.clone(), "<string>", mode), vm)?;
                    *source = metering.metered_object(code, vm)?;
                }
                original.call(args, vm)
            });
            vm.builtins.set_attr(name, checked, vm)?;
        }

        let imp = vm.import("_imp", 0)?;
        let frozen = imp.get_attr("get_frozen_object", vm)?;
        let metering = Rc::clone(self);
        let frozen = vm.new_function(
            "get_frozen_object",
            move |args: FuncArgs, vm: &VirtualMachine| {
                let code = frozen.call(args, vm)?;
                metering.metered_object(code, vm)
            },
        );
        imp.set_attr("get_frozen_object", frozen, vm)?;
        Ok(())
    }
}

fn is_text(source: &PyObject) -> bool {
    source.downcast_ref::<PyStr>().is_some()
        || source.downcast_ref::<PyBytes>().is_some()
        || source.downcast_ref::<PyByteArray>().is_some()
        || source.downcast_ref::<PyMemoryView>().is_some()
}

/// `eval` takes no offence at spaces in front.
fn without_indent(source: &PyObject, vm: &VirtualMachine) -> PyObjectRef {
    let is_indent = |c: char| matches!(c, ' ' | '\t');
    if let Some(text) = source
        .downcast_ref::<PyStr>()
        .and_then(|text| text.to_str())
    {
        return vm.ctx.new_str(text.trim_start_matches(is_indent)).into();
    }
    if let Some(bytes) = source.downcast_ref::<PyBytes>() {
        let bytes = bytes.as_bytes();
        let indent = bytes
            .iter()
            .take_while(|&&byte| is_indent(char::from(byte)));
        let rest = bytes.get(indent.count()..).unwrap_or_default();
        return vm.ctx.new_bytes(rest.to_vec()).into();
    }
    source.to_owned()
}
