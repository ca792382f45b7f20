//! `read_file`, `write_file`, `list_files`, `search_files` and `apply_patch`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Engines;
use super::function::function;
use crate::atomic::Clash;
use crate::files::{
    self, Contents, FilesError, ListRequest, Listed, PatchRequest, Patched, ReadRequest,
    SearchRequest, WriteRequest,
};
use crate::tool::{
    Annotations, Content, Place, Tool, ToolContext, ToolError, ToolOutput, ToolSpec,
};

/// The longest that a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// After this a search ends with what it has found.
const SEARCH_TIME: Duration = Duration::from_secs(20);

/// It changes files here, and reaches no further.
const CHANGES: Annotations = Annotations {
    read_only: false,
    destructive: true,
    idempotent: false,
    open_world: false,
};

/// A file, and which part of it.
#[derive(Debug, Deserialize, JsonSchema)]
struct ReadFile {
    /// The file; a relative path starts from the working folder.
    #[schemars(length(min = 1, max = 4096))]
    path: String,
    /// Lines that are left out at the start.
    #[serde(default)]
    offset_lines: u64,
    /// Lines after them, at most: 1 to 100,000.
    #[schemars(range(min = 1, max = 100_000))]
    #[serde(default = "max_lines")]
    max_lines: u32,
    /// Bytes of text, at most: 1 to 1,000,000.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(default = "max_bytes")]
    max_bytes: u32,
}

fn max_lines() -> u32 {
    2000
}

fn max_bytes() -> u32 {
    200_000
}

pub(super) fn read_file(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "read_file",
        "Reads a text file of the project: up to 2,000 lines and 200,000 bytes, unless more is \
         asked for, from any line on. Of a file that is no text it tells the type, the size and \
         the SHA-256; image_info tells more of a picture. What is not UTF-8 is replaced, and that \
         is told.",
        |spec| describe(spec, "Read a file", Annotations::READS),
        |arguments: ReadFile, engines, context| {
            let request = ReadRequest {
                from: &context.place.folder,
                path: &arguments.path,
                offset_lines: arguments.offset_lines,
                max_lines: u64::from(arguments.max_lines),
                max_bytes: arguments.max_bytes as usize,
            };
            let is_cancelled = || context.check().is_err();
            let read = files::read(&engines.files, &request, &is_cancelled);
            let read = read.map_err(|error| failed(error, context))?;
            let mut content = Vec::new();
            match &read.contents {
                Contents::Text { text, .. } => {
                    content.push(Content::Text { text: text.clone() });
                    content.extend(rest_of(&read.contents).map(|text| Content::Text { text }));
                }
                Contents::Binary { media_type, sha256 } => {
                    let mut text = format!(
                        "{} is no text: {media_type}, {} bytes, SHA-256 {sha256}",
                        arguments.path, read.size_bytes
                    );
                    if media_type.starts_with("image/") {
                        text.push_str("; image_info and show_image are for pictures");
                    }
                    content.push(Content::Text { text });
                }
            }
            output(content, &read)
        },
    )
}

/// What there is to say of a text besides the text.
fn rest_of(contents: &Contents) -> Option<String> {
    let Contents::Text {
        first_line,
        last_line,
        total_lines,
        is_whole,
        is_last_line_cut,
        is_lossy,
        ..
    } = contents
    else {
        return None;
    };
    let mut notes = Vec::new();
    if !is_whole {
        let total = total_lines.map_or_else(|| "very many".to_owned(), |total| total.to_string());
        if last_line < first_line {
            notes.push(format!("there is no line {first_line}: it has {total}"));
        } else {
            notes.push(format!("lines {first_line} to {last_line} of {total}"));
        }
        if total_lines.is_none_or(|total| total > *last_line) && last_line >= first_line {
            notes.push(format!("go on with offset_lines {last_line}"));
        }
    }
    if *is_last_line_cut {
        notes.push("the last line is cut".to_owned());
    }
    if *is_lossy {
        notes.push("it is no UTF-8, and what is not is replaced by U+FFFD".to_owned());
    }
    (!notes.is_empty()).then(|| format!("({})", notes.join("; ")))
}

/// A file, and what will be in it.
#[derive(Debug, Deserialize, JsonSchema)]
struct WriteFile {
    /// The file; a relative path starts from the working folder.
    #[schemars(length(min = 1, max = 4096))]
    path: String,
    /// All that will be in it.
    #[schemars(length(max = 8_388_608))]
    content: String,
    /// Whether the folders above it are made, if they are missing.
    #[serde(default)]
    create_folders: bool,
    /// Whether a file that is there is replaced.
    #[serde(default)]
    overwrite: bool,
}

impl WriteFile {
    fn request<'a>(&'a self, from: &'a Path) -> WriteRequest<'a> {
        WriteRequest {
            from,
            path: &self.path,
            content: self.content.as_bytes(),
            creates_folders: self.create_folders,
            clash: if self.overwrite {
                Clash::Replace
            } else {
                Clash::Fail
            },
        }
    }
}

pub(super) fn write_file(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "write_file",
        "Writes a whole text file of the project, up to 8 MiB, and tells what changed. A file that \
         is there is replaced only with overwrite, in one step, and keeps its permissions; \
         apply_patch is for small changes.",
        |spec| describe(spec, "Write a file", CHANGES),
        |arguments: WriteFile, engines, context| {
            let is_cancelled = || context.check().is_err();
            let request = arguments.request(&context.place.folder);
            let written = files::write(&engines.files, &request, &is_cancelled);
            let written = written.map_err(|error| failed(error, context))?;
            let what = if written.is_new {
                "created"
            } else {
                "replaced"
            };
            let text = format!(
                "{what} {}: {} bytes, +{} -{} lines\n{}",
                written.path,
                written.size_bytes,
                written.diff.added,
                written.diff.removed,
                // Of a new file all is new.
                if written.is_new {
                    ""
                } else {
                    &written.diff.text
                },
            );
            output(vec![Content::Text { text }], &written)
        },
    )
}

/// A folder, and which of it.
#[derive(Debug, Deserialize, JsonSchema)]
struct ListFiles {
    /// The folder; a relative path starts from the working folder, which it is without it.
    #[schemars(length(min = 1, max = 4096))]
    #[serde(default = "here")]
    path: String,
    /// A glob such as `**/*.rs`; without a slash it is for names, in all folders.
    #[schemars(length(max = 1000))]
    pattern: Option<String>,
    /// How deep it goes: 1 is the folder itself, 64 the most. Without it 3, and 64 with a pattern.
    #[schemars(range(min = 1, max = 64))]
    max_depth: Option<u32>,
    /// Entries, at most: 1 to 10,000.
    #[schemars(range(min = 1, max = 10_000))]
    #[serde(default = "max_entries")]
    max_entries: u32,
    /// Also what begins with a dot.
    #[serde(default)]
    hidden: bool,
    /// Also what a .gitignore names.
    #[serde(default)]
    ignored: bool,
}

fn here() -> String {
    ".".to_owned()
}

fn max_entries() -> u32 {
    1000
}

pub(super) fn list_files(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "list_files",
        "Lists files and folders of the project with their sizes, in order: up to 1,000, unless \
         more are asked for. Links are told and not followed; what .gitignore files name and what \
         begins with a dot is left out, unless it is asked for.",
        |spec| describe(spec, "List files", Annotations::READS),
        |arguments: ListFiles, engines, context| {
            let depth = if arguments.pattern.is_some() { 64 } else { 3 };
            let request = ListRequest {
                from: &context.place.folder,
                path: &arguments.path,
                pattern: arguments.pattern.as_deref(),
                max_depth: arguments.max_depth.unwrap_or(depth),
                max_entries: arguments.max_entries as usize,
                hidden: arguments.hidden,
                ignored: arguments.ignored,
            };
            let is_cancelled = || context.check().is_err();
            let listing = files::list(&engines.files, &request, &is_cancelled);
            let listing = listing.map_err(|error| failed(error, context))?;
            let mut text: String = listing.entries.iter().map(line_of).collect();
            if listing.entries.is_empty() {
                text.push_str("nothing is there\n");
            }
            if !listing.is_whole {
                text.push_str("… and more: narrow it with path, pattern or max_depth\n");
            }
            if listing.closed_folders > 0 {
                let _ = writeln!(text, "({} folders can't be opened)", listing.closed_folders);
            }
            output(vec![Content::Text { text }], &listing)
        },
    )
}

fn line_of(entry: &Listed) -> String {
    let path = on_one_line(&entry.path);
    match (entry.kind, entry.size_bytes, &entry.target) {
        (files::Kind::Folder, ..) => format!("{path}/\n"),
        (files::Kind::Link, _, Some(target)) => format!("{path} -> {}\n", on_one_line(target)),
        (files::Kind::Other, ..) => format!("{path} (no regular file)\n"),
        (_, Some(size), _) => format!("{path} ({size} bytes)\n"),
        _ => format!("{path}\n"),
    }
}

/// A name that can't pass for two lines.
fn on_one_line(name: &str) -> String {
    if name.chars().any(char::is_control) {
        name.escape_debug().to_string()
    } else {
        name.to_owned()
    }
}

/// What is searched for, and where.
#[derive(Debug, Deserialize, JsonSchema)]
struct SearchFiles {
    /// A regular expression for one line, as Rust's regex has it: without look-around and
    /// back-references.
    #[schemars(length(min = 1, max = 10_000))]
    pattern: String,
    /// The folder, or one file; a relative path starts from the working folder, which it is
    /// without it.
    #[schemars(length(min = 1, max = 4096))]
    #[serde(default = "here")]
    path: String,
    /// A glob for the files, such as `*.rs`.
    #[schemars(length(max = 1000))]
    glob: Option<String>,
    /// Whether upper and lower case are the same.
    #[serde(default)]
    ignore_case: bool,
    /// Lines before and after each match: up to 20.
    #[schemars(range(max = 20))]
    #[serde(default)]
    context_lines: u8,
    /// Matches, at most: 1 to 2,000.
    #[schemars(range(min = 1, max = 2000))]
    #[serde(default = "max_matches")]
    max_matches: u32,
    /// Also what begins with a dot.
    #[serde(default)]
    hidden: bool,
    /// Also what a .gitignore names.
    #[serde(default)]
    ignored: bool,
}

fn max_matches() -> u32 {
    100
}

pub(super) fn search_files(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "search_files",
        "Searches the text files of the project for a regular expression, line by line: up to 100 \
         matches, unless more are asked for, 20 seconds, 1 GiB in all, and files of up to 16 MiB. \
         What .gitignore files name and what begins with a dot is left out, unless it is asked for.",
        |spec| describe(spec, "Search files", Annotations::READS),
        |arguments: SearchFiles, engines, context| {
            let request = SearchRequest {
                from: &context.place.folder,
                path: &arguments.path,
                pattern: &arguments.pattern,
                ignores_case: arguments.ignore_case,
                glob: arguments.glob.as_deref(),
                context_lines: usize::from(arguments.context_lines),
                max_matches: arguments.max_matches as usize,
                hidden: arguments.hidden,
                ignored: arguments.ignored,
                max_time: SEARCH_TIME,
            };
            let is_cancelled = || context.check().is_err();
            let found = files::search(&engines.files, &request, &is_cancelled);
            let found = found.map_err(|error| failed(error, context))?;
            let mut text = String::new();
            for found in &found.matches {
                let path = on_one_line(&found.path);
                let first = found.line - found.before.len() as u64;
                for (number, line) in (first..).zip(&found.before) {
                    let _ = writeln!(text, "{path}-{number}-{line}");
                }
                let _ = writeln!(text, "{path}:{}:{}", found.line, found.text);
                for (number, line) in (found.line + 1..).zip(&found.after) {
                    let _ = writeln!(text, "{path}-{number}-{line}");
                }
                if request.context_lines > 0 {
                    text.push_str("--\n");
                }
            }
            if found.matches.is_empty() {
                let _ = writeln!(text, "no line matches in {} files", found.text_files);
            }
            if let Some(bound) = found.stopped_by {
                let _ = writeln!(text, "… there may be more: the bound on {bound} was met");
            }
            output(vec![Content::Text { text }], &found)
        },
    )
}

/// A patch, and where.
#[derive(Debug, Deserialize, JsonSchema)]
struct ApplyPatch {
    /// A unified diff of one or several files. `--- /dev/null` creates a file, `+++ /dev/null`
    /// deletes one; `a/` and `b/` before names are git's and left out.
    #[schemars(length(min = 1, max = 4_194_304))]
    patch: String,
    /// The folder that the names in the patch start from, and that none leads out of; without it
    /// the working folder.
    #[schemars(length(min = 1, max = 4096))]
    #[serde(default = "here")]
    path: String,
}

impl ApplyPatch {
    fn request<'a>(&'a self, from: &'a Path) -> PatchRequest<'a> {
        PatchRequest {
            from,
            path: &self.path,
            patch: &self.patch,
        }
    }
}

pub(super) fn apply_patch(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "apply_patch",
        "Applies a unified diff to files of the project: up to 200 files and 4 MiB. Lines of \
         context and lines that go must be in the file exactly as in the patch; only line numbers \
         may be off. If one hunk does not fit, nothing is changed, and the error tells the line. \
         Renames, modes and binary files are refused.",
        |spec| describe(spec, "Apply a patch", CHANGES),
        |arguments: ApplyPatch, engines, context| {
            let is_cancelled = || context.check().is_err();
            let request = arguments.request(&context.place.folder);
            let patched = files::patch(&engines.files, &request, &is_cancelled);
            let patched = patched.map_err(|error| failed(error, context))?;
            let lines = patched.iter().map(|file| {
                let Patched {
                    path,
                    change,
                    added,
                    removed,
                } = file;
                let what = match change {
                    files::Change::Created => "created",
                    files::Change::Modified => "modified",
                    files::Change::Deleted => "deleted",
                };
                format!("{what} {} +{added} -{removed}\n", on_one_line(path))
            });
            let text = lines.collect();
            output(vec![Content::Text { text }], &json!({ "files": patched }))
        },
    )
}

/// What a call would change in files, as a unified diff, or why it would change nothing; `None`
/// for calls that change none. For the question whether it may: nothing is written.
pub(crate) fn preview(
    engines: &Engines,
    name: &str,
    arguments: &Value,
    place: &Place,
) -> Option<String> {
    // Whoever asks a person has time for one look, and nobody to cancel it.
    let is_cancelled = || false;
    let diff = match name {
        "write_file" => {
            let arguments: WriteFile = serde_json::from_value(arguments.clone()).ok()?;
            let request = arguments.request(&place.folder);
            files::preview_write(&engines.files, &request, &is_cancelled).map(|diff| diff.text)
        }
        "apply_patch" => {
            let arguments: ApplyPatch = serde_json::from_value(arguments.clone()).ok()?;
            let request = arguments.request(&place.folder);
            files::preview_patch(&engines.files, &request, &is_cancelled)
        }
        _ => return None,
    };
    Some(diff.unwrap_or_else(|error| format!("{error}\n")))
}

fn describe(spec: &mut ToolSpec, title: &str, annotations: Annotations) {
    spec.title = Some(title.to_owned());
    spec.tags = vec!["files".to_owned()];
    spec.annotations = annotations;
    spec.timeout = Some(TIMEOUT);
}

fn output(content: Vec<Content>, value: &impl Serialize) -> Result<ToolOutput, ToolError> {
    let value = serde_json::to_value(value)
        .map_err(|error| ToolError::failed(format!("the result is no JSON: {error}")))?;
    Ok(ToolOutput {
        content,
        structured: Some(value),
        is_error: false,
    })
}

fn failed(error: FilesError, context: &ToolContext) -> ToolError {
    match error {
        // Nobody waits: because it was cancelled, or because of the time.
        FilesError::Cancelled => context.check().err().unwrap_or(ToolError::Cancelled),
        error => ToolError::failed(error.to_string()),
    }
}
