//! Native functions behind the module `companion`: each is one question at the desk.
//! `lib/companion.py` makes of them what programs know.

use std::sync::Arc;

use rustpython_vm::VirtualMachine;
use rustpython_vm::builtins::{PyBaseExceptionRef, PyDictRef, PyStrRef};
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::{PyObjectRef, PyResult};

use super::files::raise;
use super::host::printable;
use crate::kernel::call::Bytes;
use crate::kernel::{DeskCall, Host, HostCall, HostCallError, HostReturn, ImageBytes};

/// Adds the functions to those that `lib/start.py` knows.
pub(super) fn add(
    vm: &VirtualMachine,
    host: &Arc<dyn Host>,
    functions: &PyDictRef,
) -> PyResult<()> {
    let set = |name: &'static str, function: PyObjectRef| functions.set_item(name, function, vm);

    let to = Arc::clone(host);
    let ask = move |question: PyStrRef, vm: &VirtualMachine| {
        let call: DeskCall = serde_json::from_str(&printable(&question))
            .map_err(|error| vm.new_value_error(format!("no question: {error}")))?;
        text(to.call(HostCall::Desk(call)), vm)
    };
    set("desk", vm.new_function("ask", ask).into())?;

    let to = Arc::clone(host);
    let open = move |image: PyStrRef, pixels: bool, vm: &VirtualMachine| {
        let image = printable(&image);
        let what = if pixels {
            ImageBytes::Pixels
        } else {
            ImageBytes::File
        };
        match to.call(HostCall::Desk(DeskCall::Open { image, what })) {
            Ok(HostReturn::Number(handle)) => Ok(handle),
            Ok(_) => Err(raise(HostCallError::unexpected(), Vec::new(), vm)),
            Err(error) => Err(raise(error, Vec::new(), vm)),
        }
    };
    set("desk_open", vm.new_function("open", open).into())?;

    let to = Arc::clone(host);
    let keep =
        move |name: PyStrRef, bytes: ArgBytesLike, width: u32, height: u32, vm: &VirtualMachine| {
            let call = DeskCall::Keep {
                name: printable(&name),
                bytes: Bytes(bytes.with_ref(<[u8]>::to_vec)),
                size: (width > 0 && height > 0).then_some((width, height)),
            };
            text(to.call(HostCall::Desk(call)), vm)
        };
    set("desk_keep", vm.new_function("keep", keep).into())
}

/// The text of an answer; `None` if there is nothing to say.
fn text(
    answer: Result<HostReturn, HostCallError>,
    vm: &VirtualMachine,
) -> Result<Option<String>, PyBaseExceptionRef> {
    match answer {
        Ok(HostReturn::Text(text)) => Ok(Some(text)),
        Ok(HostReturn::Done) => Ok(None),
        Ok(_) => Err(raise(HostCallError::unexpected(), Vec::new(), vm)),
        Err(error) => Err(raise(error, Vec::new(), vm)),
    }
}
