//! The built-in tools: each a thin shell around an engine.
//!
//! Invariants: a tool adds words, a schema and bounds to what an engine does, and no second way of
//! doing it; what it touches on this machine it names in its arguments, so that a policy can see
//! it; pictures and other bytes go in and out by handle.
//!
//! Absent on purpose: asking. Whether a call may run was decided before it gets here.

mod code;
mod desk;
mod discovery;
mod files;
#[cfg(test)]
mod files_tests;
mod function;
mod functions;
mod imagine;
mod pictures;
mod records;
mod web;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use serde_json::{Map, Value};
use url::Url;

use crate::files::Folders;
use crate::generator::{GeneratorError, ImageGenerator};
use crate::models::Catalogue;
use crate::protocol::Limits;
use crate::store::{self, Store};
use crate::tool::{RegisterError, Registry, Tool};
use crate::web::{FetchLimits, Fetcher, SearchEngine};

pub(crate) use desk::{CellDesk, FunctionOutput, LateDesk, calls_of, no_functions};
pub(crate) use files::preview;
pub(crate) use functions::{FunctionProgram, call_function};
pub(crate) use imagine::imagine_arguments;

/// What the tools reach.
pub(crate) struct Engines {
    /// Pages of public hosts.
    pub fetcher: Fetcher,
    /// Who searches, if that is configured.
    pub search: Option<SearchEngine>,
    /// The folders whose files are read and changed: the project's.
    pub files: Folders,
    /// What code may use.
    pub limits: Limits,
    /// Makes pictures, for one call at a time.
    pub generator: Mutex<ImageGenerator>,
    /// Why the last pictures were not made: of a call's error only the words are left.
    pub failure: Mutex<Option<GeneratorError>>,
    /// The folder where pictures are kept, and what was typed.
    pub data: PathBuf,
    /// It, opened.
    pub store: OnceLock<Arc<dyn Store>>,
}

impl Engines {
    /// With no folders and no models: for what asks tools for their words only.
    pub(crate) fn nowhere() -> Self {
        let nowhere = PathBuf::new;
        let catalogue = Catalogue::new(&nowhere(), None);
        Self {
            fetcher: Fetcher::new(FetchLimits::default()),
            search: None,
            files: Folders::default(),
            limits: Limits::default(),
            failure: Mutex::default(),
            generator: Mutex::new(ImageGenerator::with(
                catalogue,
                nowhere(),
                nowhere(),
                nowhere(),
            )),
            data: nowhere(),
            store: OnceLock::new(),
        }
    }

    /// Where pictures are kept, and what was typed; opened when it is first asked for.
    pub fn store(&self) -> &dyn Store {
        let open = || Arc::from(store::open(&self.data));
        self.store.get_or_init(open).as_ref()
    }
}

/// The engine that a configuration names; `None` if it names none.
///
/// # Errors
/// What is missing from it.
pub(crate) fn search_engine(
    engine: &str,
    url: &str,
    key: Option<String>,
) -> Result<Option<SearchEngine>, String> {
    let base = if url.is_empty() {
        None
    } else {
        let url = url.parse::<Url>();
        Some(url.map_err(|error| format!("search.url: {error}"))?)
    };
    let key = || key.ok_or_else(|| format!("{engine} wants a key: set its variable"));
    Ok(Some(match engine {
        "searxng" => SearchEngine::Searxng {
            base: base.ok_or("searxng has no address of its own: set search.url")?,
        },
        "brave" => SearchEngine::Brave { base, key: key()? },
        "tavily" => SearchEngine::Tavily { base, key: key()? },
        _ => return Ok(None),
    }))
}

/// Adds every built-in tool to a registry.
///
/// # Errors
/// If a name is taken.
pub(crate) fn register(
    engines: &Arc<Engines>,
    registry: &Arc<Registry>,
) -> Result<(), RegisterError> {
    let tools = tools(engines, &Arc::downgrade(registry));
    tools
        .into_iter()
        .try_for_each(|tool| registry.register(tool))
}

/// Every built-in tool. One of them looks into the registry that they are for.
fn tools(engines: &Arc<Engines>, registry: &Weak<Registry>) -> Vec<Arc<dyn Tool>> {
    vec![
        code::run_python(engines),
        code::run_javascript(engines),
        code::run_shell(engines),
        imagine::imagine(engines),
        pictures::edit_image(engines),
        pictures::show_image(engines),
        pictures::save_image(engines),
        pictures::compare_images(engines),
        pictures::image_info(engines),
        web::fetch_url(engines),
        web::web_search(engines),
        files::read_file(engines),
        files::write_file(engines),
        files::list_files(engines),
        files::search_files(engines),
        files::apply_patch(engines),
        records::history_search(engines),
        records::artifacts(engines),
        records::system_info(engines),
        discovery::tool_search(registry),
    ]
}

/// Every built-in tool, in Markdown: what it does, what it takes, what a call does.
pub(crate) fn markdown() -> String {
    let engines = Arc::new(Engines::nowhere());
    let mut page = String::new();
    for tool in tools(&engines, &Weak::new()) {
        let spec = tool.spec();
        let does = if spec.annotations.read_only {
            "changes nothing"
        } else if spec.annotations.destructive {
            "may take something away"
        } else {
            "makes something new"
        };
        let reach = if spec.annotations.open_world {
            ", reaches outside this machine"
        } else {
            ""
        };
        let tags = spec.tags.join(", ");
        let _ = write!(
            page,
            "## `{}`\n\n{}\n\nTags: {tags}. It {does}{reach}.\n\n",
            spec.name, spec.description
        );
        page.push_str(&arguments_markdown(&spec.input_schema));
    }
    page
}

/// A table of the properties of a schema.
fn arguments_markdown(schema: &Value) -> String {
    let properties = schema["properties"].as_object();
    let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
        return "It takes nothing.\n\n".to_owned();
    };
    let mut table = String::from("| argument | type | what |\n|---|---|---|\n");
    for argument in spec_arguments(schema, properties) {
        let Argument {
            name,
            kind,
            is_required,
            about,
        } = argument;
        let must = if is_required { ", required" } else { "" };
        let about = about.replace('|', "\\|").replace('\n', " ");
        let _ = writeln!(table, "| `{name}` | {kind}{must} | {about} |");
    }
    table.push('\n');
    table
}

/// A property of a schema, for people.
pub(crate) struct Argument<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub kind: String,
    /// Whether it has to be there.
    pub is_required: bool,
    /// What it is.
    pub about: &'a str,
}

/// The properties of a schema of arguments, those that have to be there first.
pub(crate) fn spec_arguments<'a>(
    schema: &'a Value,
    properties: &'a Map<String, Value>,
) -> Vec<Argument<'a>> {
    let required = schema["required"].as_array();
    let is_required = |name: &str| {
        let mut names = required.into_iter().flatten().filter_map(Value::as_str);
        names.any(|required| required == name)
    };
    let mut all: Vec<_> = properties
        .iter()
        .map(|(name, property)| Argument {
            name,
            kind: kind_of(property),
            is_required: is_required(name),
            about: property["description"].as_str().unwrap_or_default(),
        })
        .collect();
    all.sort_by_key(|argument| !argument.is_required);
    all
}

fn kind_of(property: &Value) -> String {
    match &property["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            let kinds: Vec<_> = kinds.filter(|kind| *kind != "null").collect();
            kinds.join(" or ")
        }
        // A name for a schema elsewhere in it: one of several words, or an object.
        _ => "value".to_owned(),
    }
}
