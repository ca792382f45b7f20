//! The functions that the JavaScript pieces call.
#![expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript calls these functions with values of its own"
)]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rquickjs::function::Opt;
use rquickjs::promise::PromiseState;
use rquickjs::{Array, Ctx, Exception, Function, IntoJs, Object, TypedArray, Value};

use crate::kernel::{Host, ReadLineError};
use crate::protocol::Stream;

/// The engine polls at every call and every jump backward, and asks once in so many polls.
const POLLS: u64 = 10_000;

/// What the engine's callbacks share with the interpreter.
pub(super) struct State {
    /// The world.
    pub host: Arc<dyn Host>,
    /// The exit code that `process.exit` asked for.
    pub exit: Cell<Option<i32>>,
    /// A cell is running, whose steps count.
    pub is_running: Cell<bool>,
    /// The interrupt handler has told the engine to stop.
    pub is_stopped: Cell<bool>,
    /// Some cell of the session has the word `null`: a null that is thrown may be the user's own.
    pub knows_null: Cell<bool>,
    /// The zero of `performance.now()` and the timers.
    pub start: Instant,
}

impl State {
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self {
            host,
            exit: Cell::new(None),
            is_running: Cell::new(false),
            is_stopped: Cell::new(false),
            knows_null: Cell::new(false),
            start: Instant::now(),
        }
    }

    /// Milliseconds since the interpreter was built.
    pub fn now_ms(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1e3
    }

    /// Asked by the engine every so often: whether to unwind.
    pub fn should_stop(&self) -> bool {
        let is_spent = self.is_running.get() && {
            let meter = self.host.meter();
            !meter.step(POLLS) && meter.is_spent()
        };
        let stop = is_spent || self.exit.get().is_some() || self.host.is_interrupted();
        if stop {
            self.is_stopped.set(true);
        }
        stop
    }
}

/// Builds the `host` object of the pieces.
pub(super) fn object<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> rquickjs::Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    host.set("engine", super::ENGINE)?;
    host.set("arch", arch())?;
    host.set("platform", platform())?;

    let shared = Rc::clone(state);
    host.set(
        "write",
        Function::new(ctx.clone(), move |stream: u8, text: String| {
            let stream = if stream == 0 {
                Stream::Stdout
            } else {
                Stream::Stderr
            };
            shared.host.write(stream, &text);
        })?,
    )?;
    let shared = Rc::clone(state);
    host.set(
        "readLine",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>, prompt: String| match shared.host.read_line(&prompt) {
                Ok(line) => line.into_js(&ctx),
                Err(ReadLineError::EndOfFile) => Ok(Value::new_null(ctx)),
                Err(ReadLineError::Interrupted) => Ok(Value::new_undefined(ctx)),
            },
        )?,
    )?;
    let shared = Rc::clone(state);
    host.set("now", Function::new(ctx.clone(), move || shared.now_ms())?)?;
    let shared = Rc::clone(state);
    host.set(
        "exit",
        Function::new(ctx.clone(), move |code: i32| shared.exit.set(Some(code)))?,
    )?;
    host.set("proxy", Function::new(ctx.clone(), proxy_parts)?)?;
    host.set("promise", Function::new(ctx.clone(), promise_parts)?)?;
    host.set(
        "isError",
        Function::new(ctx.clone(), |value: Value<'js>| value.is_error())?,
    )?;
    host.set("encode", Function::new(ctx.clone(), encode)?)?;
    host.set("decode", Function::new(ctx.clone(), decode)?)?;
    host.set("random", Function::new(ctx.clone(), random)?)?;
    host.set("parseUrl", Function::new(ctx.clone(), super::url::parse)?)?;
    host.set("changeUrl", Function::new(ctx.clone(), super::url::change)?)?;
    super::files::add(ctx, state, &host)?;
    super::desk::add(ctx, state, &host)?;
    Ok(host)
}

fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// `[target, handler]` of a proxy, without asking it; `[null, null]` of a revoked one.
fn proxy_parts<'js>(ctx: Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Option<Array<'js>>> {
    if !value.is_proxy() {
        return Ok(None);
    }
    // `as_proxy` goes by `typeof` and does not see the proxy of a function.
    // SAFETY: the value is a proxy, the line above asked the engine.
    let proxy = unsafe { value.ref_proxy() };
    let parts = Array::new(ctx.clone())?;
    if let (Ok(target), Ok(handler)) = (proxy.target(), proxy.handler()) {
        parts.set(0, target)?;
        parts.set(1, handler)?;
    } else {
        ctx.catch();
        parts.set(0, Value::new_null(ctx.clone()))?;
        parts.set(1, Value::new_null(ctx))?;
    }
    Ok(Some(parts))
}

/// `[state, result]` of a promise: 0 pending, 1 fulfilled, 2 rejected.
fn promise_parts<'js>(ctx: Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Option<Array<'js>>> {
    let Some(promise) = value.into_promise() else {
        return Ok(None);
    };
    let parts = Array::new(ctx.clone())?;
    match promise.state() {
        PromiseState::Pending => parts.set(0, 0)?,
        PromiseState::Resolved => {
            parts.set(0, 1)?;
            if let Some(Ok(result)) = promise.result::<Value<'js>>() {
                parts.set(1, result)?;
            }
        }
        PromiseState::Rejected => {
            parts.set(0, 2)?;
            if let Some(Err(_)) = promise.result::<Value<'js>>() {
                parts.set(1, ctx.catch())?;
            }
        }
    }
    Ok(Some(parts))
}

fn encode(ctx: Ctx<'_>, text: String) -> rquickjs::Result<TypedArray<'_, u8>> {
    TypedArray::new(ctx, text.into_bytes())
}

/// A copy of the bytes that a view shows.
pub(super) fn bytes_of(ctx: &Ctx<'_>, bytes: &TypedArray<'_, u8>) -> rquickjs::Result<Vec<u8>> {
    // SAFETY: the bytes are copied before any JavaScript can run, detach or shrink the buffer,
    // and the worker has no second thread that could write to a shared one.
    let view = unsafe { bytes.as_bytes() };
    view.map(<[u8]>::to_vec)
        .ok_or_else(|| Exception::throw_type(ctx, "the buffer is detached"))
}

/// Text of bytes; `null` when they are not text and `fatal` is set.
fn decode<'js>(
    ctx: Ctx<'js>,
    bytes: TypedArray<'js, u8>,
    encoding: String,
    fatal: bool,
    ignore_bom: Opt<bool>,
) -> rquickjs::Result<Option<String>> {
    let bytes = bytes_of(&ctx, &bytes)?;
    let bytes = bytes.as_slice();
    let text = match encoding.as_str() {
        "utf-16le" | "utf-16be" => {
            let is_little = encoding == "utf-16le";
            let (pairs, odd) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|&pair| {
                if is_little {
                    u16::from_le_bytes(pair)
                } else {
                    u16::from_be_bytes(pair)
                }
            });
            let mut is_valid = odd.is_empty();
            let mut text: String = char::decode_utf16(units)
                .map(|unit| {
                    unit.unwrap_or_else(|_| {
                        is_valid = false;
                        char::REPLACEMENT_CHARACTER
                    })
                })
                .collect();
            if !odd.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
            if fatal && !is_valid {
                return Ok(None);
            }
            text
        }
        "latin1" => bytes.iter().map(|&byte| windows_1252(byte)).collect(),
        _ => {
            let text = String::from_utf8_lossy(bytes);
            if fatal && matches!(text, std::borrow::Cow::Owned(_)) {
                return Ok(None);
            }
            text.into_owned()
        }
    };
    let keeps_bom = ignore_bom.0.unwrap_or(false) || encoding == "latin1";
    Ok(Some(match text.strip_prefix('\u{feff}') {
        Some(rest) if !keeps_bom => rest.to_owned(),
        _ => text,
    }))
}

/// What the encoding standard calls latin1.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn random(ctx: Ctx<'_>, len: usize) -> rquickjs::Result<TypedArray<'_, u8>> {
    if len > 65536 {
        return Err(Exception::throw_range(&ctx, "more than 65536 bytes asked"));
    }
    let mut bytes = vec![0; len];
    getrandom::fill(&mut bytes)
        .map_err(|error| Exception::throw_message(&ctx, &format!("no random numbers: {error}")))?;
    TypedArray::new(ctx, bytes)
}
