//! Which tools there are. They come and go at run time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::schema::Schema;
use super::{SchemaError, Source, Tool, ToolError, ToolSpec};
use crate::protocol::ToolName;

/// Most tools in a registry: a server may offer any number.
const MAX_TOOLS: usize = 10_000;
/// Longer descriptions are not taken from anybody.
const MAX_DESCRIPTION_BYTES: usize = 64 << 10;
/// Most names that are suggested for a wrong one.
const MAX_SUGGESTIONS: usize = 3;
/// How alike a name has to be, from 0 to 1.
const ALIKE: f64 = 0.6;

/// A tool that can be called, with its schemas compiled.
pub(crate) struct Registered {
    /// The tool.
    pub tool: Arc<dyn Tool>,
    /// Of its arguments.
    pub input: Schema,
    /// Of its structured output.
    pub output: Option<Schema>,
    /// Of all that it says of itself: another tool of its name has another one.
    pub fingerprint: String,
    /// What results are kept under. It is another one for other code, as far as can be told.
    pub identity: String,
}

impl Registered {
    /// What the tool says of itself.
    pub fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }
}

/// Why a tool was not registered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegisterError {
    /// There is one of that name.
    #[error("there is a tool {0} already")]
    Taken(ToolName),
    /// One of its schemas can't be used.
    #[error("the {which} of {tool} can't be used")]
    Schema {
        /// The tool.
        tool: ToolName,
        /// `input_schema` or `output_schema`.
        which: &'static str,
        /// Why.
        #[source]
        source: SchemaError,
    },
    /// Its arguments would be no object.
    #[error("the input_schema of {0} has to be of the type \"object\"")]
    NoObject(ToolName),
    /// More than anybody can use.
    #[error("{0}")]
    TooMuch(String),
}

/// Which tools are meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// With this tag.
    pub tag: Option<String>,
    /// From there.
    pub source: Option<Source>,
    /// Of this server.
    pub namespace: Option<String>,
}

impl Filter {
    fn takes(&self, spec: &ToolSpec) -> bool {
        self.tag.as_ref().is_none_or(|tag| spec.tags.contains(tag))
            && self.source.is_none_or(|source| spec.source == source)
            && self
                .namespace
                .as_ref()
                .is_none_or(|namespace| spec.name.namespace() == Some(namespace))
    }
}

/// Tools that are not there before somebody wants them: those of servers that are yet to be
/// started. It registers them itself.
pub(crate) trait ToolSource: Send + Sync {
    /// Sees that the tools of a namespace are registered, or all that it has. Waits for them, and
    /// returns at once if they are, or when nobody wants them any more.
    ///
    /// # Errors
    /// What is wrong, for the user.
    fn load(&self, namespace: Option<&str>, is_cancelled: &dyn Fn() -> bool) -> Result<(), String>;

    /// What is wrong with it, as far as it is known.
    fn problems(&self) -> Vec<String>;
}

/// Which tools there are. Shared by all threads.
#[derive(Default)]
pub(crate) struct Registry {
    registrations: AtomicU64,
    tools: RwLock<BTreeMap<ToolName, Arc<Registered>>>,
    sources: RwLock<Vec<Arc<dyn ToolSource>>>,
    listeners: Mutex<Vec<SyncSender<()>>>,
}

impl Registry {
    /// Adds a tool.
    ///
    /// # Errors
    /// If its name is taken, or its schemas can't be used.
    pub fn register(&self, tool: Arc<dyn Tool>) -> Result<(), RegisterError> {
        self.put(tool, Taken::Refuse)
    }

    /// Adds a tool, in the place of the one of its name.
    ///
    /// # Errors
    /// If its schemas can't be used; then the other one stays.
    pub fn replace(&self, tool: Arc<dyn Tool>) -> Result<(), RegisterError> {
        self.put(tool, Taken::Replace)
    }

    fn put(&self, tool: Arc<dyn Tool>, taken: Taken) -> Result<(), RegisterError> {
        let spec = tool.spec();
        let name = spec.name.clone();
        if spec.description.len() > MAX_DESCRIPTION_BYTES {
            let message =
                format!("the description of {name} is over {MAX_DESCRIPTION_BYTES} bytes");
            return Err(RegisterError::TooMuch(message));
        }
        if spec.input_schema.get("type").and_then(|is| is.as_str()) != Some("object") {
            return Err(RegisterError::NoObject(name));
        }
        // Compiled before the lock is held: it may take a while.
        let compile = |which, schema| {
            let tool = name.clone();
            Schema::compile(schema).map_err(|source| RegisterError::Schema {
                tool,
                which,
                source,
            })
        };
        let input = compile("input_schema", &spec.input_schema)?;
        let output = spec.output_schema.as_ref();
        let output = output
            .map(|schema| compile("output_schema", schema))
            .transpose()?;
        let number = self.registrations.fetch_add(1, Ordering::Relaxed);
        let fingerprint = fingerprint(spec);
        let identity = identity(spec, number);
        let mut tools = self.tools.write().unwrap_or_else(PoisonError::into_inner);
        if taken == Taken::Refuse && tools.contains_key(&name) {
            return Err(RegisterError::Taken(name));
        }
        if tools.len() >= MAX_TOOLS {
            return Err(RegisterError::TooMuch(format!(
                "there are {MAX_TOOLS} tools already"
            )));
        }
        tools.insert(
            name,
            Arc::new(Registered {
                tool,
                input,
                output,
                fingerprint,
                identity,
            }),
        );
        drop(tools);
        self.tell();
        Ok(())
    }

    /// Takes a tool away; calls that run go on. Whether there was one.
    pub fn remove(&self, name: &ToolName) -> bool {
        let mut tools = self.tools.write().unwrap_or_else(PoisonError::into_inner);
        let was_there = tools.remove(name).is_some();
        drop(tools);
        if was_there {
            self.tell();
        }
        was_there
    }

    /// Tools that come when they are wanted: by [`Self::list`], or by [`Self::get`] with a name of
    /// theirs.
    pub fn add_source(&self, source: Arc<dyn ToolSource>) {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        sources.push(source);
    }

    /// What is wrong with sources of tools, for the user.
    pub fn problems(&self) -> Vec<String> {
        let problems = self.sources().into_iter();
        problems.flat_map(|source| source.problems()).collect()
    }

    fn sources(&self) -> Vec<Arc<dyn ToolSource>> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.clone()
    }

    /// The tool of a name, if it is there already.
    pub fn known(&self, name: &ToolName) -> Option<Arc<Registered>> {
        let tools = self.tools.read().unwrap_or_else(PoisonError::into_inner);
        tools.get(name).cloned()
    }

    /// The tool of a name. One of a server that nobody wanted yet is waited for.
    ///
    /// # Errors
    /// [`ToolError::UnknownTool`], with names that may have been meant; or why its server has none.
    pub fn get(&self, name: &str) -> Result<Arc<Registered>, ToolError> {
        self.get_unless(name, &|| false)
    }

    /// As [`Self::get`], as long as it is not cancelled.
    ///
    /// # Errors
    /// The same, and [`ToolError::Cancelled`].
    pub fn get_unless(
        &self,
        name: &str,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Arc<Registered>, ToolError> {
        if let Ok(parsed) = name.parse::<ToolName>() {
            if let Some(tool) = self.known(&parsed) {
                return Ok(tool);
            }
            if let Some(namespace) = parsed.namespace() {
                for source in self.sources() {
                    let loaded = source.load(Some(namespace), is_cancelled);
                    if is_cancelled() {
                        return Err(ToolError::Cancelled);
                    }
                    loaded.map_err(ToolError::failed)?;
                }
                if let Some(tool) = self.known(&parsed) {
                    return Ok(tool);
                }
            }
        }
        let tools = self.tools.read().unwrap_or_else(PoisonError::into_inner);
        Err(ToolError::UnknownTool {
            name: name.chars().take(ToolName::MAX_BYTES).collect(),
            suggestions: near(name, tools.keys()),
        })
    }

    /// The tools that a filter takes, by name. Servers that may have such are waited for; one that
    /// has none is in [`Self::problems`].
    pub fn list(&self, filter: &Filter) -> Vec<Arc<Registered>> {
        if filter.source.is_none_or(|source| source == Source::Mcp) {
            for source in self.sources() {
                // The source keeps it.
                let _ = source.load(filter.namespace.as_deref(), &|| false);
            }
        }
        let tools = self.tools.read().unwrap_or_else(PoisonError::into_inner);
        let meant = tools.values().filter(|tool| filter.takes(tool.spec()));
        meant.cloned().collect()
    }

    /// The tools that have all of these words, best first. Case does not count; a word in the name
    /// counts more than one in the tags, and that more than one in the description.
    pub fn search(&self, words: &str, filter: &Filter) -> Vec<Arc<Registered>> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let mut found: Vec<(u32, Arc<Registered>)> = self
            .list(filter)
            .into_iter()
            .filter_map(|tool| Some((score(tool.spec(), &words)?, tool)))
            .collect();
        // The sort is stable: names decide among equals.
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().map(|(_, tool)| tool).collect()
    }

    /// Hears of changes, from now on: what changed is in [`Self::list`]. Changes that nobody has
    /// heard of yet are told once.
    pub fn subscribe(&self) -> Receiver<()> {
        let (sender, receiver) = sync_channel(1);
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.push(sender);
        receiver
    }

    fn tell(&self) {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| {
            !matches!(listener.try_send(()), Err(TrySendError::Disconnected(())))
        });
    }
}

/// What is done when a name is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Refuse,
    Replace,
}

fn fingerprint(spec: &ToolSpec) -> String {
    let spec = serde_json::to_string(spec).unwrap_or_default();
    blake3::hash(spec.as_bytes()).to_hex().to_string()
}

/// A built-in tool is the code that is compiled in; any other is what was registered at that time.
pub(super) fn identity(spec: &ToolSpec, number: u64) -> String {
    let fingerprint = fingerprint(spec);
    match spec.source {
        Source::Builtin => fingerprint,
        Source::Cell | Source::Mcp => format!("{fingerprint} {number}"),
    }
}

fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a ToolName>) -> Vec<String> {
    let wanted: String = wanted.chars().take(ToolName::MAX_BYTES).collect();
    let wanted = wanted.to_lowercase();
    let alike = |name: &ToolName| {
        let whole = name.as_str().to_lowercase();
        let base = name.base().to_lowercase();
        let wanted_base = wanted.rsplit('/').next().unwrap_or_default();
        let alike = strsim::normalized_damerau_levenshtein(&wanted, &whole);
        // A wrong or missing server, but nearly the right name.
        let of_base = strsim::normalized_damerau_levenshtein(wanted_base, &base) * 0.95;
        alike.max(of_base)
    };
    let mut scored: Vec<(f64, &ToolName)> = names
        .map(|name| (alike(name), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let nearest = scored.into_iter().take(MAX_SUGGESTIONS);
    nearest.map(|(_, name)| name.to_string()).collect()
}

fn score(spec: &ToolSpec, words: &[String]) -> Option<u32> {
    let name = spec.name.as_str().to_lowercase();
    let title = spec.title.as_deref().unwrap_or_default().to_lowercase();
    let tags: Vec<String> = spec.tags.iter().map(|tag| tag.to_lowercase()).collect();
    let description = spec.description.to_lowercase();
    words.iter().try_fold(0, |sum, word| {
        let points = if name == *word {
            16
        } else if name.contains(word) || title.contains(word) {
            8
        } else if tags.contains(word) {
            4
        } else if description.contains(word) {
            1
        } else {
            return None;
        };
        Some(sum + points)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};

    use super::*;
    use crate::tool::{ToolContext, ToolOutput};

    struct Named(ToolSpec);

    impl Tool for Named {
        fn spec(&self) -> &ToolSpec {
            &self.0
        }

        fn run(&self, _: Value, _: &ToolContext) -> Result<ToolOutput, ToolError> {
            Ok(ToolOutput::default())
        }
    }

    fn named(name: &str, source: Source) -> Arc<dyn Tool> {
        let schema = json!({ "type": "object" });
        Arc::new(Named(
            ToolSpec::new(name, "Does it.", schema, source).expect("sound"),
        ))
    }

    /// A server that has one tool, and counts how often it is asked for.
    struct Server {
        registry: Weak<Registry>,
        asked: AtomicUsize,
    }

    impl ToolSource for Server {
        fn load(&self, namespace: Option<&str>, _: &dyn Fn() -> bool) -> Result<(), String> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match namespace {
                None | Some("server") => {
                    let registry = self.registry.upgrade().expect("alive");
                    let tool = named("server/tool", Source::Mcp);
                    registry.replace(tool).map_err(|error| error.to_string())
                }
                Some("broken") => Err("it did not start".to_owned()),
                Some(_) => Ok(()),
            }
        }

        fn problems(&self) -> Vec<String> {
            vec!["one is broken".to_owned()]
        }
    }

    #[test]
    fn tools_of_servers_come_when_they_are_wanted_and_not_before() {
        let registry = Arc::new(Registry::default());
        let server = Arc::new(Server {
            registry: Arc::downgrade(&registry),
            asked: AtomicUsize::new(0),
        });
        registry.add_source(server.clone());
        let tool = named("add", Source::Builtin);
        registry.register(tool).expect("free");
        let builtin = Filter {
            source: Some(Source::Builtin),
            ..Filter::default()
        };
        assert_eq!(registry.list(&builtin).len(), 1);
        assert!(registry.get("add").is_ok() && registry.get("gone").is_err());
        assert_eq!(server.asked.load(Ordering::Relaxed), 0);

        let error = registry.get("broken/tool").err().expect("broken");
        assert_eq!(error.to_string(), "it did not start");
        assert!(matches!(
            registry.get("other/tool"),
            Err(ToolError::UnknownTool { .. })
        ));
        assert!(
            registry
                .known(&"server/tool".parse().expect("a name"))
                .is_none()
        );
        assert!(registry.get("server/tool").is_ok());
        assert_eq!(server.asked.load(Ordering::Relaxed), 3);
        // It is there, and nobody is asked again.
        assert!(registry.get("server/tool").is_ok());
        assert_eq!(server.asked.load(Ordering::Relaxed), 3);
        assert_eq!(registry.list(&Filter::default()).len(), 2);
        assert_eq!(registry.problems(), ["one is broken"]);
    }
}
