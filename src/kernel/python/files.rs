//! Native functions behind `open`, `os`, `os.environ` and `urllib`: each is one call of the
//! broker. `lib/posix.py`, `lib/files.py` and `lib/net.py` make of them what programs know.

use std::sync::Arc;

use rustpython_vm::builtins::{
    PyBaseExceptionRef, PyBytes, PyBytesRef, PyDictRef, PyList, PyListRef, PyStr, PyStrRef,
    PyTraceback, PyTupleRef,
};
use rustpython_vm::convert::ToPyObject;
use rustpython_vm::function::{ArgBytesLike, FuncArgs, IntoFuncArgs};
use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyResult, VirtualMachine};

use super::host::{keyboard_interrupt, printable};
use crate::kernel::call::{Bytes, FetchRequest, Metadata, OpenHow, Whence};
use crate::kernel::{Host, HostCall, HostCallError, HostReturn};

/// Makes a call of a path.
type OfPath = fn(Bytes) -> HostCall;

/// What a path was before it was bytes: it goes into the exception.
type Shown = PyObjectRef;

/// Adds the functions to those that `lib/start.py` knows.
pub(super) fn add(
    vm: &VirtualMachine,
    host: &Arc<dyn Host>,
    functions: &PyDictRef,
) -> PyResult<()> {
    let broker = Broker(Arc::clone(host));
    let set = |name: &'static str, function: PyObjectRef| functions.set_item(name, function, vm);

    let to = broker.clone();
    let open = move |path: PyBytesRef, flags: u32, mode: u32, shown: Shown, vm: &VirtualMachine| {
        let call = HostCall::Open {
            path: bytes(&path),
            how: OpenHow::from_flags(flags, mode),
        };
        to.number(call, Some(shown), vm)
    };
    set("file_open", vm.new_function("open", open).into())?;

    let to = broker.clone();
    let read = move |handle: u32, size: usize, vm: &VirtualMachine| {
        let call = HostCall::Read {
            handle,
            max_bytes: size,
        };
        to.bytes(call, None, vm)
    };
    set("file_read", vm.new_function("read", read).into())?;

    let to = broker.clone();
    let write = move |handle: u32, data: ArgBytesLike, vm: &VirtualMachine| {
        let piece = |data: &[u8]| {
            let end = data.len().min(crate::kernel::call::MAX_PIECE_BYTES);
            Bytes(data[..end].to_vec())
        };
        let data = data.with_ref(piece);
        to.number(HostCall::Write { handle, data }, None, vm)
    };
    set("file_write", vm.new_function("write", write).into())?;

    let to = broker.clone();
    let seek = move |handle: u32, offset: i64, whence: u32, vm: &VirtualMachine| {
        let whence = match whence {
            0 => Whence::Start,
            1 => Whence::Current,
            2 => Whence::End,
            other => return Err(vm.new_value_error(format!("invalid whence: {other}"))),
        };
        let call = HostCall::Seek {
            handle,
            offset,
            whence,
        };
        to.number(call, None, vm)
    };
    set("file_seek", vm.new_function("lseek", seek).into())?;

    let to = broker.clone();
    let truncate = move |handle: u32, size_bytes: u64, vm: &VirtualMachine| {
        to.done(HostCall::Truncate { handle, size_bytes }, None, vm)
    };
    set(
        "file_truncate",
        vm.new_function("ftruncate", truncate).into(),
    )?;

    let to = broker.clone();
    let close =
        move |handle: u32, vm: &VirtualMachine| to.done(HostCall::Close { handle }, None, vm);
    set("file_close", vm.new_function("close", close).into())?;

    let to = broker.clone();
    let stat = move |path: PyBytesRef, follows: bool, shown: Shown, vm: &VirtualMachine| {
        let call = HostCall::Metadata {
            path: bytes(&path),
            follows,
        };
        to.metadata(call, Some(shown), vm)
    };
    set("file_stat", vm.new_function("stat", stat).into())?;

    let to = broker.clone();
    let fstat = move |handle: u32, vm: &VirtualMachine| {
        to.metadata(HostCall::HandleMetadata { handle }, None, vm)
    };
    set("file_fstat", vm.new_function("fstat", fstat).into())?;

    let to = broker.clone();
    let list = move |path: PyBytesRef, shown: Shown, vm: &VirtualMachine| {
        let call = HostCall::List { path: bytes(&path) };
        let HostReturn::Entries(entries) = to.call(call, Some(shown), vm)? else {
            return Err(raise(HostCallError::unexpected(), Vec::new(), vm));
        };
        let entries = entries.into_iter().map(|entry| {
            let name = PyBytes::from(entry.name.0).into_ref(&vm.ctx).into();
            let kind = entry.kind.to_pyobject(vm);
            vm.ctx
                .new_tuple(vec![name, kind, entry.inode.to_pyobject(vm)])
                .into()
        });
        Ok(vm.ctx.new_list(entries.collect()))
    };
    set("file_list", vm.new_function("scandir", list).into())?;

    // Those that take a path and answer nothing.
    let simple: [(&'static str, &'static str, OfPath); 3] = [
        ("file_mkdir", "mkdir", |path| HostCall::CreateFolder {
            path,
        }),
        ("file_remove", "remove", |path| HostCall::RemoveFile {
            path,
        }),
        ("file_rmdir", "rmdir", |path| HostCall::RemoveFolder {
            path,
        }),
    ];
    for (key, name, of_path) in simple {
        let to = broker.clone();
        let act = move |path: PyBytesRef, shown: Shown, vm: &VirtualMachine| {
            to.done(of_path(bytes(&path)), Some(shown), vm)
        };
        set(key, vm.new_function(name, act).into())?;
    }

    let to = broker.clone();
    let access = move |path: PyBytesRef, writes: bool, vm: &VirtualMachine| {
        let call = HostCall::Access {
            path: bytes(&path),
            writes,
        };
        match to.0.call(call) {
            Err(error) if error.errno == HostCallError::INTERRUPTED => Err(keyboard_interrupt(vm)),
            answer => Ok(answer.is_ok()),
        }
    };
    set("file_access", vm.new_function("access", access).into())?;

    let to = broker.clone();
    let rename = move |from: PyBytesRef,
                       target: PyBytesRef,
                       shown: Shown,
                       shown_target: Shown,
                       vm: &VirtualMachine| {
        let call = HostCall::Rename {
            from: bytes(&from),
            to: bytes(&target),
        };
        match to.0.call(call) {
            Ok(_) => Ok(()),
            Err(error) => Err(raise(error, vec![shown, vm.ctx.none(), shown_target], vm)),
        }
    };
    set("file_rename", vm.new_function("rename", rename).into())?;

    let to = broker.clone();
    let readlink = move |path: PyBytesRef, shown: Shown, vm: &VirtualMachine| {
        to.bytes(HostCall::ReadLink { path: bytes(&path) }, Some(shown), vm)
    };
    set(
        "file_readlink",
        vm.new_function("readlink", readlink).into(),
    )?;

    let to = broker.clone();
    let chmod = move |path: PyBytesRef, mode: u32, shown: Shown, vm: &VirtualMachine| {
        let call = HostCall::SetMode {
            path: bytes(&path),
            mode,
        };
        to.done(call, Some(shown), vm)
    };
    set("file_chmod", vm.new_function("chmod", chmod).into())?;

    let to = broker.clone();
    let utime = move |path: PyBytesRef,
                      accessed_ns: i64,
                      modified_ns: i64,
                      shown: Shown,
                      vm: &VirtualMachine| {
        let call = HostCall::SetTimes {
            path: bytes(&path),
            accessed_ns,
            modified_ns,
        };
        to.done(call, Some(shown), vm)
    };
    set("file_utime", vm.new_function("utime", utime).into())?;

    let to = broker.clone();
    let surroundings = move |vm: &VirtualMachine| {
        let (cwd, environment) = match to.0.call(HostCall::Surroundings) {
            Ok(HostReturn::Surroundings { cwd, environment }) => (cwd.0, environment),
            // Nothing is granted where there is no broker.
            _ => (b"/".to_vec(), Vec::new()),
        };
        let variables = vm.ctx.new_dict();
        for (name, value) in environment {
            let value = PyBytes::from(value.into_bytes()).into_ref(&vm.ctx);
            let name = PyBytes::from(name.into_bytes()).into_ref(&vm.ctx);
            variables.set_item(&*PyObjectRef::from(name), value.into(), vm)?;
        }
        let cwd = PyBytes::from(cwd).into_ref(&vm.ctx);
        Ok::<_, PyBaseExceptionRef>(vm.new_tuple((cwd, variables)))
    };
    set(
        "surroundings",
        vm.new_function("getcwd", surroundings).into(),
    )?;

    let veil = vm.new_function("veil", veil);
    set("veil", veil.into())?;

    let to = broker;
    let fetch = move |method: PyStrRef,
                      url: PyStrRef,
                      headers: PyListRef,
                      body: Option<PyBytesRef>,
                      timeout_ms: Option<u64>,
                      vm: &VirtualMachine| {
        let request = FetchRequest {
            method: printable(&method),
            url: printable(&url),
            headers: pairs(&headers),
            body: body.map(|body| bytes(&body)),
            follows: true,
            timeout_ms,
        };
        to.fetch(request, vm)
    };
    set("fetch", vm.new_function("fetch", fetch).into())
}

/// Asks, and raises what is refused.
#[derive(Clone)]
struct Broker(Arc<dyn Host>);

impl Broker {
    fn call(
        &self,
        call: HostCall,
        shown: Option<Shown>,
        vm: &VirtualMachine,
    ) -> PyResult<HostReturn> {
        self.0
            .call(call)
            .map_err(|error| raise(error, shown.into_iter().collect(), vm))
    }

    fn done(&self, call: HostCall, shown: Option<Shown>, vm: &VirtualMachine) -> PyResult<()> {
        self.call(call, shown, vm).map(drop)
    }

    fn number(&self, call: HostCall, shown: Option<Shown>, vm: &VirtualMachine) -> PyResult<u64> {
        match self.call(call, shown, vm)? {
            HostReturn::Number(number) => Ok(number),
            _ => Err(raise(HostCallError::unexpected(), Vec::new(), vm)),
        }
    }

    fn bytes(
        &self,
        call: HostCall,
        shown: Option<Shown>,
        vm: &VirtualMachine,
    ) -> PyResult<PyBytesRef> {
        match self.call(call, shown, vm)? {
            HostReturn::Bytes(bytes) => Ok(PyBytes::from(bytes.0).into_ref(&vm.ctx)),
            _ => Err(raise(HostCallError::unexpected(), Vec::new(), vm)),
        }
    }

    /// `(mode, inode, device, links, size, accessed_ns, modified_ns, changed_ns)`
    fn metadata(
        &self,
        call: HostCall,
        shown: Option<Shown>,
        vm: &VirtualMachine,
    ) -> PyResult<PyTupleRef> {
        let HostReturn::Metadata(Metadata {
            mode,
            inode,
            device,
            links,
            size_bytes,
            accessed_ns,
            modified_ns,
            changed_ns,
        }) = self.call(call, shown, vm)?
        else {
            return Err(raise(HostCallError::unexpected(), Vec::new(), vm));
        };
        Ok(vm.ctx.new_tuple(vec![
            mode.to_pyobject(vm),
            inode.to_pyobject(vm),
            device.to_pyobject(vm),
            links.to_pyobject(vm),
            size_bytes.to_pyobject(vm),
            accessed_ns.to_pyobject(vm),
            modified_ns.to_pyobject(vm),
            changed_ns.to_pyobject(vm),
        ]))
    }

    /// `(status, url, [(name, value)], body)`
    fn fetch(&self, request: FetchRequest, vm: &VirtualMachine) -> PyResult<PyTupleRef> {
        let answer = self.call(HostCall::Fetch(request), None, vm)?;
        let HostReturn::Response {
            status,
            url,
            headers,
            handle,
        } = answer
        else {
            return Err(raise(HostCallError::unexpected(), Vec::new(), vm));
        };
        let body = super::super::call::read_to_end(&*self.0, handle)
            .map_err(|error| raise(error, Vec::new(), vm))?;
        let headers = headers
            .into_iter()
            .map(|(name, value)| vm.new_tuple((name, value)).into())
            .collect();
        Ok(vm.ctx.new_tuple(vec![
            status.to_pyobject(vm),
            vm.ctx.new_str(url).into(),
            vm.ctx.new_list(headers).into(),
            PyBytes::from(body).into_ref(&vm.ctx).into(),
        ]))
    }
}

/// A function of the stand-ins as a native one: it leaves no frame in a traceback, and is no
/// method where a class has it as an attribute.
fn veil(name: PyStrRef, function: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
    // Leaked on purpose, as in `host::functions`.
    let name: &'static str = Box::leak(printable(&name).into_boxed_str());
    let veiled = move |args: FuncArgs, vm: &VirtualMachine| {
        function.call(args, vm).inspect_err(|error| {
            let mut entry = error.traceback();
            while let Some(ours) = entry.as_ref().filter(|entry| is_ours(entry, vm)) {
                let next = ours.next.lock().clone();
                entry = next;
            }
            error.set_traceback(entry);
        })
    };
    vm.new_function(name, veiled).into()
}

/// Whether an entry of a traceback is in the stand-ins.
fn is_ours(entry: &PyTraceback, vm: &VirtualMachine) -> bool {
    entry
        .frame
        .as_object()
        .get_attr("f_code", vm)
        .and_then(|code| code.get_attr("co_filename", vm))
        .ok()
        .and_then(|name| name.downcast::<PyStr>().ok())
        .is_some_and(|name| printable(&name).starts_with("<companion"))
}

/// Names and values that stand in turn in a list.
fn pairs(list: &PyList) -> Vec<(String, String)> {
    let list = list.borrow_vec();
    let text = |object: &PyObjectRef| object.downcast_ref::<PyStr>().map(|text| printable(text));
    let (pairs, _) = list.as_chunks::<2>();
    pairs
        .iter()
        .filter_map(|[name, value]| Some((text(name)?, text(value)?)))
        .collect()
}

fn bytes(path: &PyBytes) -> Bytes {
    Bytes(path.as_bytes().to_vec())
}

/// `OSError(errno, message, …)`, which Python turns into the class that fits the number.
pub(super) fn raise(
    error: HostCallError,
    names: Vec<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyBaseExceptionRef {
    if error.errno == HostCallError::INTERRUPTED {
        return keyboard_interrupt(vm);
    }
    let mut args = vec![
        error.errno.to_pyobject(vm),
        vm.ctx.new_str(error.message).into(),
    ];
    args.extend(names);
    let class: PyObjectRef = vm.ctx.exceptions.os_error.to_owned().into();
    match class
        .call(args.into_args(vm), vm)
        .map(PyObjectRef::downcast)
    {
        Ok(Ok(error)) | Err(error) => error,
        Ok(Err(_)) => vm.new_os_error("an error that is none".to_owned()),
    }
}
