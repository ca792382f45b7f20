//! `history_search`, `artifacts` and `system_info`.

use std::fmt::Write as _;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::Engines;
use super::function::function;
use crate::kernel;
use crate::protocol::{DeviceKind, Language};
use crate::tool::{Annotations, Content, Tool, ToolError, ToolOutput};

#[derive(Debug, Deserialize, JsonSchema)]
struct HistorySearch {
    /// Words that an entry has to have, all of them; upper and lower case are the same.
    #[serde(default)]
    words: String,
    /// python, javascript or shell.
    language: Option<String>,
    /// How many entries, newest first: 1 to 500.
    #[schemars(range(min = 1, max = 500))]
    #[serde(default = "limit")]
    limit: usize,
}

fn limit() -> usize {
    20
}

pub(super) fn history_search(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "history_search",
        "Finds what was typed before, in all sessions, newest first.",
        |spec| {
            spec.title = Some("Search the history".to_owned());
            spec.tags = vec!["records".to_owned()];
            spec.annotations = Annotations::READS;
        },
        |arguments: HistorySearch, engines, context| {
            let language = arguments
                .language
                .as_deref()
                .map(str::parse::<Language>)
                .transpose()
                .map_err(|error| ToolError::failed(error.to_string()))?;
            let entries = engines
                .store()
                .history_since(0)
                .map_err(|error| ToolError::failed(error.to_string()))?;
            context.check()?;
            let words: Vec<_> = arguments
                .words
                .split_whitespace()
                .map(str::to_lowercase)
                .collect();
            let fits = |source: &str| {
                let source = source.to_lowercase();
                words.iter().all(|word| source.contains(word))
            };
            let found: Vec<_> = entries
                .iter()
                .rev()
                .filter(|entry| language.is_none_or(|language| entry.language == language))
                .filter(|entry| fits(&entry.source))
                .take(arguments.limit)
                .collect();
            let mut text = String::new();
            for entry in &found {
                let _ = writeln!(text, "{} [{}] {}", entry.id, entry.language, entry.source);
            }
            if found.is_empty() {
                text.push_str("nothing is like that\n");
            }
            Ok(ToolOutput {
                content: vec![Content::Text { text }],
                structured: Some(json!({ "entries": found })),
                is_error: false,
            })
        },
    )
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Artifacts {
    /// Words of the prompt, the model or the name, all of them.
    #[serde(default)]
    words: String,
    /// How many, newest first: 1 to 200.
    #[schemars(range(min = 1, max = 200))]
    #[serde(default = "limit")]
    limit: usize,
}

pub(super) fn artifacts(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "artifacts",
        "Lists the pictures that were made, newest first, with their handles and how they were made.",
        |spec| {
            spec.title = Some("List pictures".to_owned());
            spec.tags = vec!["records".to_owned(), "pictures".to_owned()];
            spec.annotations = Annotations::READS;
        },
        |arguments: Artifacts, engines, _| {
            let pictures = engines
                .store()
                .pictures()
                .map_err(|error| ToolError::failed(error.to_string()))?;
            let found: Vec<_> = pictures
                .iter()
                .filter(|made| made.has_words(&arguments.words))
                .take(arguments.limit)
                .collect();
            let mut text = String::new();
            for made in &found {
                let artifact = &made.artifact;
                let _ = writeln!(
                    text,
                    "{} {}×{} {}",
                    artifact.blob, artifact.width, artifact.height, made.generation.request.prompt
                );
            }
            if found.is_empty() {
                text.push_str("no picture is like that\n");
            }
            Ok(ToolOutput {
                content: vec![Content::Text { text }],
                structured: Some(json!({ "pictures": found })),
                is_error: false,
            })
        },
    )
}

/// Nothing.
#[derive(Debug, Deserialize, JsonSchema)]
struct Nothing {}

pub(super) fn system_info(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "system_info",
        "Tells what companion runs on: system, processor, memory, languages, devices for pictures \
         that this build has. No names of users, hosts or folders.",
        |spec| {
            spec.title = Some("This system".to_owned());
            spec.tags = vec!["records".to_owned()];
            spec.annotations = Annotations::READS;
        },
        |_: Nothing, _, _| {
            let languages: Vec<_> = kernel::LANGUAGES
                .iter()
                .map(|spec| json!({ "name": spec.language, "implementation": spec.implementation }))
                .collect();
            let devices: Vec<_> = DeviceKind::ALL
                .iter()
                .filter(|kind| kind.is_built_in())
                .map(|kind| kind.name())
                .collect();
            let cores = std::thread::available_parallelism();
            Ok(ToolOutput::structured(json!({
                "companion": env!("CARGO_PKG_VERSION"),
                "system": std::env::consts::OS,
                "processor": std::env::consts::ARCH,
                "cores": cores.map_or(1, usize::from),
                "languages": languages,
                "devices": devices,
            })))
        },
    )
}
