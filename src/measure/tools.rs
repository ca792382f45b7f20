//! What `benches/tools.rs` needs: calls of tools from end to end, in the ways that cost differently.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::builtin::{self, Engines};
use crate::protocol::CacheTier;
use crate::protocol::CallOrigin;
use crate::store;
use crate::tool::{
    Annotations, AuditLog, CacheKey, CacheUse, Called, Clock, Place, Registry, ResultCache,
    ResultStore, Rules, Source, Tool, ToolCall, ToolContext, ToolError, ToolOutput, ToolSpec,
    Toolbox,
};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// A call of a tool that adds two numbers, on the caller's thread, without an audit log.
    Call,
    /// The same with the audit log.
    Audited,
    /// The first, of a tool with a time-out: on another thread.
    TimeOut,
    /// The first; the result is in memory.
    Memory,
    /// The first; the result is in sled and not in memory.
    Sled,
    /// The arguments of that tool, against its schema alone.
    Validation,
    /// The arguments of `edit_image` with four edits, against its schema alone.
    LargeValidation,
}

/// A case, ready to be timed.
pub struct Timer {
    case: Case,
    toolbox: Toolbox,
    context: ToolContext,
    store: Shared,
    registry: Arc<Registry>,
    sum: u64,
}

/// Adds two numbers.
struct Add(ToolSpec);

impl Tool for Add {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn run(&self, arguments: Value, _: &ToolContext) -> Result<ToolOutput, ToolError> {
        let number = |name: &str| arguments[name].as_i64().unwrap_or_default();
        Ok(ToolOutput::structured(
            json!({ "sum": number("a") + number("b") }),
        ))
    }
}

/// A store that several toolboxes have, one after the other.
#[derive(Clone)]
struct Shared(Arc<dyn ResultStore>);

impl ResultStore for Shared {
    fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn put(&self, key: &CacheKey, bytes: &[u8]) {
        self.0.put(key, bytes);
    }

    fn remove(&self, key: &CacheKey) {
        self.0.remove(key);
    }
}

impl Timer {
    /// A case, with its files in a folder of its own.
    ///
    /// # Panics
    /// When the folder can't be used.
    pub fn new(case: Case, folder: &Path) -> Self {
        let store = Shared(Arc::from(store::results(folder)));
        let place = Place {
            folder: folder.to_owned(),
            project: folder.to_owned(),
        };
        let registry = Arc::new(Registry::default());
        builtin::register(&Arc::new(Engines::nowhere()), &registry).expect("sound tools");
        let mut timer = Self {
            case,
            toolbox: toolbox(case, folder, &store),
            context: ToolContext::new(CallOrigin::User, place),
            store,
            registry,
            sum: 0,
        };
        timer.time(1);
        timer
    }

    /// So many calls, one after the other.
    ///
    /// # Panics
    /// When one does not give what it should.
    pub fn time(&mut self, rounds: u64) -> Vec<Duration> {
        (0..rounds).map(|_| self.one()).collect()
    }

    fn one(&mut self) -> Duration {
        match self.case {
            Case::Validation => self.validate("add", json!({ "a": 1, "b": 2 })),
            Case::LargeValidation => {
                let edits = json!([
                    { "op": "crop", "x": 1, "y": 2, "width": 30, "height": 40 },
                    { "op": "rotate", "degrees": 90 },
                    { "op": "resize", "width": 64, "height": 64 },
                    { "op": "brightness", "factor": 1.2 }
                ]);
                self.validate("edit_image", json!({ "image": "a.png", "edits": edits }))
            }
            case => {
                if case == Case::Sled {
                    // A new process: nothing is in memory.
                    self.toolbox = toolbox(case, &self.context.place.folder, &self.store);
                }
                // A result that is known has to be asked for again; others need not be new.
                self.sum += 1;
                let b = if matches!(case, Case::Memory | Case::Sled) {
                    2
                } else {
                    self.sum
                };
                self.call(json!({ "a": 1, "b": b }), b + 1)
            }
        }
    }

    fn call(&self, arguments: Value, expected: u64) -> Duration {
        let call = ToolCall {
            name: "add".to_owned(),
            arguments,
            cache: CacheUse::Read,
        };
        let started = Instant::now();
        let called = self.toolbox.call(call, &self.context);
        let took = started.elapsed();
        let Ok(Called::Finished(finished)) = called else {
            panic!("{called:?}");
        };
        assert_eq!(finished.output.structured, Some(json!({ "sum": expected })));
        let tier = match self.case {
            // The first one finds it out.
            _ if self.sum == 1 => return took,
            Case::Memory => Some(CacheTier::Memory),
            Case::Sled => Some(CacheTier::Store),
            _ => None,
        };
        assert_eq!(finished.cached, tier);
        took
    }

    fn validate(&self, name: &str, arguments: Value) -> Duration {
        let registry = match name {
            "add" => &self.toolbox.registry,
            _ => &self.registry,
        };
        let tool = registry.get(name).expect("it is there");
        let started = Instant::now();
        let validated = tool.input.validate(arguments);
        let took = started.elapsed();
        assert!(validated.is_ok(), "{validated:?}");
        took
    }
}

fn toolbox(case: Case, folder: &Path, store: &Shared) -> Toolbox {
    let log = (case == Case::Audited).then(|| {
        let log = AuditLog::open(&folder.join("audit.jsonl"), Clock::System);
        log.expect("a folder to write to")
    });
    let rules = Rules::load(&folder.join("tools.toml")).expect("there are none");
    let kept = matches!(case, Case::Memory | Case::Sled);
    let store = (case == Case::Sled).then(|| Box::new(store.clone()) as Box<dyn ResultStore>);
    let cache = ResultCache::new(store, Clock::System);
    let toolbox = Toolbox::new(rules, cache, log, Clock::System);
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["a", "b"],
        "properties": { "a": { "type": "integer" }, "b": { "type": "integer" } }
    });
    let mut spec = ToolSpec::new("add", "Adds two numbers", schema, Source::Builtin)
        .expect("a name")
        .with_annotations(Annotations::READS);
    spec.keep = kept.then_some(Duration::from_hours(1));
    spec.timeout = (case == Case::TimeOut).then_some(Duration::from_secs(30));
    toolbox.registry.register(Arc::new(Add(spec))).expect("new");
    toolbox
}
