//! The built-in tools: each a thin shell around an engine.
//!
//! Invariants: a tool adds words, a schema and bounds to what an engine does, and no second way of
//! doing it; what it touches on this machine it names in its arguments, so that a policy can see
//! it; pictures and other bytes go in and out by handle.
//!
//! Absent on purpose: asking. Whether a call may run was decided before it gets here.

mod arguments;
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

use url::Url;

use crate::files::Folders;
use crate::generator::{GeneratorError, ImageGenerator};
use crate::models::Catalogue;
use crate::protocol::Limits;
use crate::store::{self, Store};
use crate::tool::{RegisterError, Registry, Tool};
use crate::web::{FetchLimits, Fetcher, SearchEngine};

pub(crate) use arguments::spec_arguments;
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
        page.push_str(&arguments::markdown(&spec.input_schema));
    }
    page
}
