//! What code in a cell reaches of the tools: the answers to the questions of the module `companion`.
//!
//! Nothing here is a right. Every call passes the toolbox with the origin "sandbox"; pictures are
//! reached by their handles, which are the hashes of their bytes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use image::RgbaImage;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Engines;
use super::code::JAILED;
use crate::kernel::{Answered, Asking, Desk, DeskCall, DeskReturn, HostCallError, ImageBytes};
use crate::picture::{self, edit};
use crate::protocol::{Artifact, BlobId, CallOrigin, CellProgress, MediaType, ToolName};
use crate::tool::{
    CacheUse, Called, Content, Filter, Finished, Place, Registered, Registry, Source, Tool,
    ToolCall, ToolContext, ToolError, ToolOutput, ToolSpec, Toolbox, Update,
};

/// Tools that one kernel may have registered.
const MAX_FUNCTIONS: usize = 200;
/// Most bytes of a file of a picture, and of a picture's pixels, that go to code.
const MAX_BYTES: usize = 64 << 20;
/// Most characters of the name of a picture.
const MAX_NAME: usize = 200;
/// Code may have so much kept in all, in bytes: pictures, and the record of its calls.
const MAX_KEPT: u64 = 2 << 30;
/// What the record of a call has of its arguments at most, and beside them, in bytes.
const RECORD_BYTES: [usize; 2] = [16 << 10, 512];
/// How often a cell hears how far a tool is.
const TELL_EVERY: Duration = Duration::from_millis(50);
/// `EIO`: what a failure has for a number that is none of the system's.
const EIO: i32 = 5;
/// `EINVAL`: the bytes that were given are no picture.
const EINVAL: i32 = 22;

/// Makes calls, and asks the user where a rule says so.
pub(crate) type Calls = dyn Fn(ToolCall, ToolContext) -> Result<Finished, ToolError> + Send + Sync;

/// Runs a function of a kernel that is a tool: its name, its arguments as JSON.
pub(crate) type Functions =
    dyn Fn(&str, String, &ToolContext) -> Result<FunctionOutput, ToolError> + Send + Sync;

/// What a function of a kernel gave.
pub(crate) struct FunctionOutput {
    /// What it printed.
    pub printed: String,
    /// What it gave back, as JSON.
    pub result: String,
}

/// Answers for one kernel.
pub(crate) struct CellDesk {
    /// Pictures.
    pub engines: Arc<Engines>,
    /// The tools.
    pub registry: Arc<Registry>,
    /// From where code calls.
    pub place: Place,
    /// How calls are made.
    pub calls: Box<Calls>,
    /// How others call functions of this kernel.
    pub functions: Arc<Functions>,
    /// The tools that this kernel has registered.
    pub registered: Mutex<BTreeSet<ToolName>>,
    /// What it has kept so far, in bytes.
    pub kept: AtomicU64,
}

impl Desk for CellDesk {
    fn answer(&self, call: DeskCall, asking: &Asking) -> Answered {
        let is_own_time = matches!(&call, DeskCall::Call { name, .. } if self.runs_code(name));
        let mut fuel_used = 0;
        let outcome = match call {
            DeskCall::List { of_servers } => Ok(self.list(of_servers)),
            DeskCall::Call {
                name,
                known: Some(known),
                ..
            } if self.has_changed(&name, &known) => Ok(json!({ "changed": true })),
            DeskCall::Call {
                name,
                arguments,
                renew,
                ..
            } => {
                let (outcome, steps) = self.call(name, &arguments, renew, is_own_time, asking);
                fuel_used = steps;
                outcome
            }
            DeskCall::Check { name, arguments } => self.check(&name, &arguments),
            DeskCall::Register { spec } => Ok(match self.register(&spec) {
                Ok(()) => json!({}),
                Err(error) => told(&error),
            }),
            DeskCall::Unregister { name } => Ok(self.unregister(&name)),
            DeskCall::Show { image, name } => {
                let named = |artifact| {
                    DeskReturn::Shown(Artifact {
                        name: short(&name),
                        ..artifact
                    })
                };
                return Answered {
                    outcome: super::pictures::artifact(&image, &self.engines)
                        .map(named)
                        .map_err(|error| failed(&error)),
                    is_own_time,
                    fuel_used: 0,
                };
            }
            DeskCall::Open { image, what } => {
                return Answered {
                    outcome: self.bytes(&image, what).map(DeskReturn::Bytes),
                    is_own_time,
                    fuel_used: 0,
                };
            }
            DeskCall::Keep { name, bytes, size } => self
                .keep(&name, bytes.0, size)
                .map(|artifact| json!(artifact)),
            // The kernel has taken it.
            DeskCall::Progress { .. } => Ok(Value::Null),
        };
        Answered {
            outcome: outcome.map(|value| DeskReturn::Text(value.to_string())),
            is_own_time,
            fuel_used,
        }
    }
}

impl CellDesk {
    /// Forgets the functions of a kernel that has begun anew.
    pub fn forget_functions(&self) {
        for name in std::mem::take(&mut *self.registered()) {
            self.registry.remove(&name);
        }
    }

    /// Counts what is to be kept.
    fn take_room(&self, bytes: u64) -> Result<(), HostCallError> {
        if self.kept.fetch_add(bytes, Ordering::Relaxed) < MAX_KEPT {
            return Ok(());
        }
        Err(failed(&format!(
            "calls of tools have filled {} GiB of the disk: no more until companion is started again",
            MAX_KEPT >> 30
        )))
    }

    fn registered(&self) -> MutexGuard<'_, BTreeSet<ToolName>> {
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call runs code: then it is on the time and the fuel of the code that makes it.
    fn runs_code(&self, name: &str) -> bool {
        // One that is not there yet is a server's.
        self.known(name).is_some_and(|tool| {
            let spec = tool.spec();
            match spec.source {
                Source::Builtin => spec.tags.iter().any(|tag| tag == "code"),
                Source::Cell => true,
                Source::Mcp => false,
            }
        })
    }

    /// Whether a tool is another one than its caller knows: names and order of its arguments may be
    /// others, too.
    fn has_changed(&self, name: &str, known: &str) -> bool {
        self.known(name)
            .is_some_and(|tool| tool.fingerprint != known)
    }

    /// The tool of a name, if it is there: no server is started for it.
    fn known(&self, name: &str) -> Option<Arc<Registered>> {
        self.registry.known(&name.parse().ok()?)
    }

    fn list(&self, of_servers: bool) -> Value {
        let of = |source| Filter {
            source: Some(source),
            ..Filter::default()
        };
        let mut sources = vec![Source::Builtin, Source::Cell];
        sources.extend(of_servers.then_some(Source::Mcp));
        let tools = sources.into_iter();
        let tools = tools.flat_map(|source| self.registry.list(&of(source)));
        let tools = tools.map(|tool| {
            let spec = tool.spec();
            json!({
                "name": spec.name,
                "description": spec.description,
                "input_schema": spec.input_schema,
                "fingerprint": tool.fingerprint,
            })
        });
        tools.collect()
    }

    fn call(
        &self,
        name: String,
        arguments: &str,
        renew: bool,
        is_own_time: bool,
        asking: &Asking,
    ) -> (Result<Value, HostCallError>, u64) {
        let [most, beside] = RECORD_BYTES;
        let record = (arguments.len().min(most) + beside) as u64;
        let arguments = match self.take_room(record).and_then(|()| parsed(arguments)) {
            Ok(arguments) => arguments,
            Err(error) => return (Err(error), 0),
        };
        let call = ToolCall {
            name,
            arguments,
            cache: if renew {
                CacheUse::Renew
            } else {
                CacheUse::Read
            },
        };
        let tell = Arc::clone(&asking.tell);
        let last: Mutex<Option<Instant>> = Mutex::default();
        let mut context = ToolContext::new(CallOrigin::Sandbox, self.place.clone()).with_progress(
            move |update| {
                let Update::Progress {
                    done,
                    total,
                    message,
                } = update
                else {
                    return;
                };
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
                    *last = Some(Instant::now());
                    tell(CellProgress {
                        done,
                        total,
                        message,
                    });
                }
            },
        );
        context.cancel = asking.cancel.clone();
        if is_own_time {
            context.deadline = asking.budget.deadline;
            context.fuel = asking.budget.fuel;
        }
        let spent = context.clone();
        let outcome = match (self.calls)(call, context) {
            Ok(finished) => {
                // They are there already; the next one is refused.
                let made = finished.output.content.iter().map(|content| match content {
                    Content::Image { artifact } => artifact.size_bytes,
                    Content::Blob { size_bytes, .. } => *size_bytes,
                    Content::Text { .. } | Content::Json { .. } => 0,
                });
                self.kept.fetch_add(made.sum(), Ordering::Relaxed);
                Ok(json!({
                    "content": finished.output.content,
                    "structured": finished.output.structured,
                    "is_error": finished.output.is_error,
                    "rule": finished.rule,
                    "cached": finished.cached,
                }))
            }
            Err(ToolError::Cancelled) if asking.cancel.is_cancelled() => {
                Err(HostCallError::interrupted())
            }
            Err(error) => Ok(told(&error)),
        };
        (outcome, spent.spent())
    }

    fn check(&self, name: &str, arguments: &str) -> Result<Value, HostCallError> {
        let arguments = parsed(arguments)?;
        let tool = match self.registry.get(name) {
            Ok(tool) => tool,
            Err(error) => return Ok(told(&error)),
        };
        Ok(match tool.input.validate(arguments) {
            Ok(arguments) => json!({ "arguments": arguments }),
            Err(violations) => told(&ToolError::InvalidArguments {
                tool: name.to_owned(),
                violations,
            }),
        })
    }

    fn register(&self, spec: &str) -> Result<(), ToolError> {
        let failed = |message: String| ToolError::failed(message);
        let told: TheirSpec = serde_json::from_str(spec)
            .map_err(|error| failed(format!("the tool can't be read: {error}")))?;
        let mut spec = ToolSpec::new(
            &told.name,
            &told.description,
            told.input_schema,
            Source::Cell,
        )
        .map_err(|error| failed(error.to_string()))?;
        if spec.name.namespace().is_some() {
            return Err(failed(format!(
                "{}: a slash is for the tools of servers; choose a name without one",
                spec.name
            )));
        }
        spec.output_schema = told.output_schema;
        spec.tags = told.tags;
        spec.annotations = JAILED;
        let name = spec.name.clone();
        let mut registered = self.registered();
        if !registered.contains(&name) {
            if let Ok(other) = self.registry.get(name.as_str()) {
                let whose = match other.spec().source {
                    Source::Builtin => "companion's own",
                    Source::Cell => "another kernel's",
                    Source::Mcp => "a server's",
                };
                return Err(failed(format!(
                    "there is a tool {name} already, {whose}: choose another name"
                )));
            }
            if registered.len() >= MAX_FUNCTIONS {
                return Err(failed(format!(
                    "{MAX_FUNCTIONS} functions are tools already: remove some"
                )));
            }
        }
        let tool = CellTool {
            spec,
            functions: Arc::clone(&self.functions),
            engines: Arc::clone(&self.engines),
        };
        self.registry
            .replace(Arc::new(tool))
            .map_err(|error| failed(with_source(&error)))?;
        registered.insert(name);
        Ok(())
    }

    fn unregister(&self, name: &str) -> Value {
        let name = name.parse::<ToolName>().ok();
        let was_there =
            name.is_some_and(|name| self.registered().remove(&name) && self.registry.remove(&name));
        json!({ "was_there": was_there })
    }

    fn bytes(&self, image: &str, what: ImageBytes) -> Result<Vec<u8>, HostCallError> {
        let blob: BlobId = image.parse().map_err(|_| no_handle(image))?;
        let bytes = self.engines.store().blobs().read(blob);
        let bytes = bytes.map_err(|error| failed(&error))?;
        // Other things are kept under hashes, too: only pictures are open to code.
        let info = picture::probe(&bytes).map_err(|error| failed(&error))?;
        let count = match what {
            ImageBytes::File => bytes.len(),
            ImageBytes::Pixels => info.width as usize * info.height as usize * 4,
        };
        if count > MAX_BYTES {
            return Err(failed(&format!(
                "{count} bytes are more than code is given at once ({MAX_BYTES}): make it smaller first"
            )));
        }
        match what {
            ImageBytes::File => Ok(bytes),
            ImageBytes::Pixels => {
                let picture = picture::decode(&bytes).map_err(|error| failed(&error))?;
                Ok(picture.to_rgba8().into_raw())
            }
        }
    }

    fn keep(
        &self,
        name: &str,
        bytes: Vec<u8>,
        size: Option<(u32, u32)>,
    ) -> Result<Artifact, HostCallError> {
        let bytes = match size {
            None => bytes,
            Some((width, height)) => {
                let given = bytes.len();
                let picture = RgbaImage::from_raw(width, height, bytes).filter(|picture| {
                    picture.as_raw().len() == given && width.max(height) <= edit::MAX_SIDE
                });
                let picture = picture.ok_or_else(|| {
                    no_picture(&format!(
                        "{width}×{height} pixels of red, green, blue and alpha are {} bytes, and \
                         {given} came",
                        u64::from(width) * u64::from(height) * 4
                    ))
                })?;
                let encoding = edit::Encoding {
                    media_type: MediaType::Png,
                    quality: None,
                };
                edit::encode(&picture, encoding).map_err(|error| failed(&error))?
            }
        };
        // To its last pixel: what is kept can be shown.
        let info = picture::probe(&bytes).map_err(|error| no_picture(&error))?;
        picture::decode(&bytes).map_err(|error| no_picture(&error))?;
        self.take_room(bytes.len() as u64)?;
        let blob = self.engines.store().blobs().put(&bytes);
        Ok(Artifact {
            blob: blob.map_err(|error| failed(&error))?,
            media_type: info.media_type,
            name: short(name),
            width: info.width,
            height: info.height,
            size_bytes: bytes.len() as u64,
        })
    }
}

/// What code says of a function of its own.
#[derive(Deserialize)]
struct TheirSpec {
    name: String,
    #[serde(default)]
    description: String,
    input_schema: Value,
    /// Of what is `structured` in [`TheirOutput`].
    output_schema: Option<Value>,
    #[serde(default)]
    tags: Vec<String>,
}

/// A function of a cell, for everybody.
struct CellTool {
    spec: ToolSpec,
    functions: Arc<Functions>,
    engines: Arc<Engines>,
}

/// What a function gave, as its kernel tells it.
#[derive(Deserialize)]
struct TheirOutput {
    text: Option<String>,
    structured: Option<Value>,
    #[serde(default)]
    images: Vec<String>,
}

impl Tool for CellTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    /// Its code has no more rights than that of any cell.
    fn is_contained(&self, _: &Value) -> bool {
        true
    }

    fn run(&self, arguments: Value, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        let name = self.spec.name.as_str();
        let told = (self.functions)(name, arguments.to_string(), context)?;
        let FunctionOutput { printed, result } = told;
        let told: TheirOutput = serde_json::from_str(&result)
            .map_err(|error| ToolError::failed(format!("its result can't be read: {error}")))?;
        let mut content = Vec::new();
        if !printed.is_empty() {
            content.push(Content::Text { text: printed });
        }
        for image in told.images.iter().take(16) {
            content.push(Content::Image {
                artifact: super::pictures::artifact(image, &self.engines)?,
            });
        }
        match (told.text, &told.structured) {
            (Some(text), _) => content.push(Content::Text { text }),
            (None, Some(value)) => content.push(Content::Json {
                value: value.clone(),
            }),
            (None, None) => {}
        }
        Ok(ToolOutput {
            content,
            structured: told.structured,
            is_error: false,
        })
    }
}

/// A desk that is set up with its first question: most programs have none.
pub(crate) struct LateDesk {
    made: OnceLock<Result<CellDesk, String>>,
    make: Box<dyn Fn() -> Result<CellDesk, String> + Send + Sync>,
}

impl LateDesk {
    /// A desk that is made so.
    pub fn new(make: impl Fn() -> Result<CellDesk, String> + Send + Sync + 'static) -> Self {
        Self {
            made: OnceLock::new(),
            make: Box::new(make),
        }
    }
}

impl Desk for LateDesk {
    fn answer(&self, call: DeskCall, asking: &Asking) -> Answered {
        match self.made.get_or_init(&self.make) {
            Ok(desk) => desk.answer(call, asking),
            Err(problem) => Answered {
                outcome: Err(failed(problem)),
                is_own_time: false,
                fuel_used: 0,
            },
        }
    }
}

fn parsed(arguments: &str) -> Result<Value, HostCallError> {
    serde_json::from_str(arguments).map_err(|error| failed(&error))
}

/// An error, as code reads it.
fn told(error: &ToolError) -> Value {
    let violations = match error {
        ToolError::InvalidArguments { violations, .. } => json!(violations),
        _ => json!([]),
    };
    json!({
        "error": {
            "kind": error.kind(),
            "message": error.to_string(),
            "violations": violations,
        }
    })
}

/// A name for people that code has chosen.
fn short(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

fn no_handle(image: &str) -> HostCallError {
    failed(&format!(
        "{:?} is no handle of a picture",
        image.chars().take(80).collect::<String>()
    ))
}

fn failed(error: &dyn std::fmt::Display) -> HostCallError {
    HostCallError {
        errno: EIO,
        message: error.to_string(),
    }
}

fn no_picture(error: &dyn std::fmt::Display) -> HostCallError {
    HostCallError {
        errno: EINVAL,
        ..failed(error)
    }
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_source(source)),
        None => error.to_string(),
    }
}

/// Calls of code that nobody is there to ask about: what a rule would ask about is denied.
pub(crate) fn calls_of(toolbox: Arc<Toolbox>) -> Box<Calls> {
    Box::new(move |call, context| match toolbox.call(call, &context)? {
        Called::Finished(finished) => Ok(finished),
        Called::Pending(pending) => {
            let why = "it asks first, and there is nobody to ask: allow it in tools.toml";
            let error = pending.denied(why);
            toolbox.give_up(&pending, &error, &context);
            Err(error)
        }
    })
}

/// For kernels that nobody else calls: those of a program that is run once.
pub(crate) fn no_functions() -> Arc<Functions> {
    Arc::new(|name, _, _| {
        Err(ToolError::failed(format!(
            "{name} is a function of a program that runs: only its own code can call it"
        )))
    })
}
