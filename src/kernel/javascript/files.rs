//! Native functions behind `fs`, `fetch` and `process.env`: each is one call of the broker.
//! `fs.js` and `fetch.js` make of them what programs know.
//!
//! They answer `{ value }`, or `{ errno, message }` of a refusal: the error that a program sees
//! is made where its call's name is known.

use std::rc::Rc;

use rquickjs::{Array, Ctx, Function, IntoJs, Object, TypedArray, Value};

use super::host::{State, bytes_of};
use crate::kernel::call::{Bytes, FetchRequest, MAX_PIECE_BYTES, OpenHow, Whence, read_to_end};
use crate::kernel::{HostCall, HostCallError, HostReturn};

type OfPath = fn(Bytes, bool) -> HostCall;
type OfHandle = fn(u32, f64) -> HostCall;

/// Adds the functions to the `host` object of the pieces.
pub(super) fn add<'js>(
    ctx: &Ctx<'js>,
    state: &Rc<State>,
    host: &Object<'js>,
) -> rquickjs::Result<()> {
    // Those that take a path and a flag.
    let of_path: [(&str, OfPath); 7] = [
        ("fileStat", |path, follows| HostCall::Metadata {
            path,
            follows,
        }),
        ("fileAccess", |path, writes| HostCall::Access {
            path,
            writes,
        }),
        ("fileList", |path, _| HostCall::List { path }),
        ("fileMkdir", |path, _| HostCall::CreateFolder { path }),
        ("fileRemove", |path, _| HostCall::RemoveFile { path }),
        ("fileRmdir", |path, _| HostCall::RemoveFolder { path }),
        ("fileReadlink", |path, _| HostCall::ReadLink { path }),
    ];
    for (name, call) in of_path {
        let shared = Rc::clone(state);
        let ask = move |ctx: Ctx<'js>, path: String, flag: bool| {
            answer(&ctx, &shared, call(Bytes(path.into_bytes()), flag))
        };
        host.set(name, Function::new(ctx.clone(), ask)?)?;
    }
    // Those that take a handle and a number.
    let of_handle: [(&str, OfHandle); 4] = [
        ("fileRead", |handle, size| HostCall::Read {
            handle,
            max_bytes: usize::try_from(whole(size))
                .unwrap_or(0)
                .min(MAX_PIECE_BYTES),
        }),
        ("fileTruncate", |handle, size| HostCall::Truncate {
            handle,
            size_bytes: whole(size).max(0).unsigned_abs(),
        }),
        ("fileClose", |handle, _| HostCall::Close { handle }),
        ("fileFstat", |handle, _| HostCall::HandleMetadata { handle }),
    ];
    for (name, call) in of_handle {
        let shared = Rc::clone(state);
        let ask = move |ctx: Ctx<'js>, handle: u32, number: f64| {
            answer(&ctx, &shared, call(handle, number))
        };
        host.set(name, Function::new(ctx.clone(), ask)?)?;
    }
    let shared = Rc::clone(state);
    let open = move |ctx: Ctx<'js>, path: String, flags: u32, mode: u32| {
        let call = HostCall::Open {
            path: Bytes(path.into_bytes()),
            how: OpenHow::from_flags(flags, mode),
        };
        answer(&ctx, &shared, call)
    };
    host.set("fileOpen", Function::new(ctx.clone(), open)?)?;
    let shared = Rc::clone(state);
    let write = move |ctx: Ctx<'js>, handle: u32, data: TypedArray<'js, u8>| {
        let data = Bytes(bytes_of(&ctx, &data)?);
        answer(&ctx, &shared, HostCall::Write { handle, data })
    };
    host.set("fileWrite", Function::new(ctx.clone(), write)?)?;
    let shared = Rc::clone(state);
    let seek = move |ctx: Ctx<'js>, handle: u32, offset: f64| {
        let call = HostCall::Seek {
            handle,
            offset: whole(offset),
            whence: Whence::Start,
        };
        answer(&ctx, &shared, call)
    };
    host.set("fileSeek", Function::new(ctx.clone(), seek)?)?;
    let shared = Rc::clone(state);
    let rename = move |ctx: Ctx<'js>, from: String, to: String| {
        let call = HostCall::Rename {
            from: Bytes(from.into_bytes()),
            to: Bytes(to.into_bytes()),
        };
        answer(&ctx, &shared, call)
    };
    host.set("fileRename", Function::new(ctx.clone(), rename)?)?;
    let shared = Rc::clone(state);
    let chmod = move |ctx: Ctx<'js>, path: String, mode: u32| {
        let path = Bytes(path.into_bytes());
        answer(&ctx, &shared, HostCall::SetMode { path, mode })
    };
    host.set("fileChmod", Function::new(ctx.clone(), chmod)?)?;
    let shared = Rc::clone(state);
    let utimes = move |ctx: Ctx<'js>, path: String, accessed_ms: f64, modified_ms: f64| {
        let call = HostCall::SetTimes {
            path: Bytes(path.into_bytes()),
            accessed_ns: whole(accessed_ms * 1e6),
            modified_ns: whole(modified_ms * 1e6),
        };
        answer(&ctx, &shared, call)
    };
    host.set("fileUtimes", Function::new(ctx.clone(), utimes)?)?;
    let shared = Rc::clone(state);
    let surroundings = move |ctx: Ctx<'js>| answer(&ctx, &shared, HostCall::Surroundings);
    host.set("surroundings", Function::new(ctx.clone(), surroundings)?)?;
    let shared = Rc::clone(state);
    let fetch = move |ctx: Ctx<'js>,
                      method: String,
                      url: String,
                      headers: Vec<Vec<String>>,
                      body: Option<TypedArray<'js, u8>>,
                      follows: bool| {
        let body = match body {
            Some(body) => Some(Bytes(bytes_of(&ctx, &body)?)),
            None => None,
        };
        let headers = headers.into_iter().filter_map(|pair| {
            let [name, value] = <[String; 2]>::try_from(pair).ok()?;
            Some((name, value))
        });
        let request = FetchRequest {
            method,
            url,
            headers: headers.collect(),
            body,
            follows,
            timeout_ms: None,
        };
        answer(&ctx, &shared, HostCall::Fetch(request))
    };
    host.set("fetch", Function::new(ctx.clone(), fetch)?)
}

/// Asks, and gives the answer the form that the pieces know.
pub(super) fn answer<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    call: HostCall,
) -> rquickjs::Result<Object<'js>> {
    let outcome = state.host.call(call).and_then(|answer| match answer {
        HostReturn::Response { handle, .. } => {
            let body = read_to_end(&*state.host, handle)?;
            Ok((answer, body))
        }
        answer => Ok((answer, Vec::new())),
    });
    let object = Object::new(ctx.clone())?;
    match outcome {
        Ok((answer, body)) => object.set("value", value(ctx, answer, body)?)?,
        Err(HostCallError { errno, message }) => {
            object.set("errno", errno)?;
            object.set("message", message)?;
        }
    }
    Ok(object)
}

fn value<'js>(ctx: &Ctx<'js>, answer: HostReturn, body: Vec<u8>) -> rquickjs::Result<Value<'js>> {
    match answer {
        HostReturn::Done => Ok(Value::new_undefined(ctx.clone())),
        HostReturn::Number(number) => float(number).into_js(ctx),
        HostReturn::Text(text) => text.into_js(ctx),
        HostReturn::Bytes(bytes) => TypedArray::new(ctx.clone(), bytes.0)?.into_js(ctx),
        HostReturn::Metadata(metadata) => {
            let object = Object::new(ctx.clone())?;
            object.set("mode", metadata.mode)?;
            object.set("ino", float(metadata.inode))?;
            object.set("dev", float(metadata.device))?;
            object.set("nlink", float(metadata.links))?;
            object.set("size", float(metadata.size_bytes))?;
            object.set("atimeMs", milliseconds(metadata.accessed_ns))?;
            object.set("mtimeMs", milliseconds(metadata.modified_ns))?;
            object.set("ctimeMs", milliseconds(metadata.changed_ns))?;
            object.into_js(ctx)
        }
        HostReturn::Entries(entries) => {
            let list = Array::new(ctx.clone())?;
            for (at, entry) in entries.into_iter().enumerate() {
                let pair = Array::new(ctx.clone())?;
                pair.set(0, String::from_utf8_lossy(&entry.name.0).into_owned())?;
                pair.set(1, entry.kind)?;
                list.set(at, pair)?;
            }
            list.into_js(ctx)
        }
        HostReturn::Surroundings { cwd, environment } => {
            let object = Object::new(ctx.clone())?;
            object.set("cwd", String::from_utf8_lossy(&cwd.0).into_owned())?;
            object.set("environment", pairs(ctx, environment)?)?;
            object.into_js(ctx)
        }
        HostReturn::Response {
            status,
            url,
            headers,
            ..
        } => {
            let object = Object::new(ctx.clone())?;
            object.set("status", status)?;
            object.set("url", url)?;
            object.set("headers", pairs(ctx, headers)?)?;
            object.set("body", TypedArray::new(ctx.clone(), body)?)?;
            object.into_js(ctx)
        }
    }
}

fn pairs<'js>(ctx: &Ctx<'js>, pairs: Vec<(String, String)>) -> rquickjs::Result<Array<'js>> {
    let list = Array::new(ctx.clone())?;
    for (at, (name, value)) in pairs.into_iter().enumerate() {
        let pair = Array::new(ctx.clone())?;
        pair.set(0, name)?;
        pair.set(1, value)?;
        list.set(at, pair)?;
    }
    Ok(list)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of JavaScript are doubles; node rounds these as well"
)]
fn float(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "node gives milliseconds as a double"
)]
fn milliseconds(ns: i64) -> f64 {
    ns as f64 / 1e6
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` takes what is no whole number of 64 bits to the nearest that is"
)]
fn whole(number: f64) -> i64 {
    number as i64
}
