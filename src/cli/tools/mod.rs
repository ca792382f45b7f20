//! `companion tools`

pub(super) mod call;
mod functions;
mod pipe;
mod rules;
mod validate;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

pub(super) use functions::Functions;
pub(super) use rules::{Explain, failed_tests};

use super::Context;
use super::rows::{columns, cut};
use crate::builtin::{self, CellDesk, Engines, LateDesk, calls_of};
use crate::error::Report;
use crate::files::{Access, Folders};
use crate::mcp::client::Servers;
use crate::sanitize::sanitize_for_terminal;
use crate::store;
use crate::tool::{
    AuditLog, Clock, Filter, Registered, Registry, ResultCache, Rules, Source, ToolSpec, Toolbox,
};
use crate::tui::view::text::wrap_words;
use crate::web::{FetchLimits, Fetcher};

/// Text in wider lines is hard to read.
const READABLE: usize = 100;

/// Lists, describes and calls the tools that code, models and you can use.
#[derive(Debug, Args)]
pub(super) struct Tools {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the tools
    List(List),
    /// Find tools by words of their names and descriptions
    Search {
        /// The words
        #[arg(value_name = "WORDS", required = true)]
        words: Vec<String>,
        #[command(flatten)]
        list: List,
    },
    /// Tell what a tool does and what it takes
    Describe {
        /// The tool
        #[arg(value_name = "NAME")]
        name: String,
        /// Print its whole specification as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        functions: Functions,
    },
    /// Call a tool
    Call(call::Call),
    /// Call tools in a row: the arguments of each may name results of those before it
    Pipe(pipe::Pipe),
    /// Check arguments against a schema: {"schema": …, "arguments": …} from standard input; ends
    /// with 1 if they don't fit
    Validate,
}

#[derive(Debug, Args)]
struct List {
    /// Those with this tag only
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Those from there only
    #[arg(long, value_name = "SOURCE", value_enum)]
    source: Option<From>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    functions: Functions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum From {
    Builtin,
    Cell,
    Mcp,
}

impl Tools {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        match self.what {
            What::Validate => validate::start(),
            What::Call(call) => call.start(context),
            What::Pipe(pipe) => pipe.start(context),
            What::List(list) => {
                let (toolbox, _) = toolbox(context, &list.functions)?;
                check_tag(&toolbox.registry, &list)?;
                let tools = toolbox.registry.list(&list.filter());
                warn_of_servers(&toolbox);
                Ok(print_list(&tools, list.json))
            }
            What::Search { words, list } => {
                let (toolbox, _) = toolbox(context, &list.functions)?;
                check_tag(&toolbox.registry, &list)?;
                let words = words.join(" ");
                let tools = toolbox.registry.search(&words, &list.filter());
                warn_of_servers(&toolbox);
                if tools.is_empty() && !list.json {
                    return Err(Report::failure("no tool is like that")
                        .hint("companion tools list has them all"));
                }
                Ok(print_list(&tools, list.json))
            }
            What::Describe {
                name,
                json,
                functions,
            } => {
                let (toolbox, _) = toolbox(context, &functions)?;
                let tool = toolbox.registry.get(&name).map_err(Report::from)?;
                describe(tool.spec(), json);
                Ok(0)
            }
        }
    }
}

impl List {
    fn filter(&self) -> Filter {
        Filter {
            tag: self.tag.clone(),
            source: self.source.map(|source| match source {
                From::Builtin => Source::Builtin,
                From::Cell => Source::Cell,
                From::Mcp => Source::Mcp,
            }),
            namespace: None,
        }
    }
}

/// All tools, under the policy of tools.toml, with the audit log.
pub(super) fn toolbox(
    context: &Context,
    functions: &Functions,
) -> Result<(Arc<Toolbox>, Arc<Engines>), Report> {
    let search = &context.config.search;
    let key = std::env::var(&search.token_variable).ok();
    let search = builtin::search_engine(&search.engine, &search.url, key).map_err(|problem| {
        Report::usage("the search engine of config.toml can't be used").cause(problem)
    })?;
    let engines = Arc::new(Engines {
        fetcher: Fetcher::new(FetchLimits::default()),
        search,
        limits: context.config.limits,
        generator: Mutex::new(context.generator()),
        failure: Mutex::default(),
        files: Folders::open([(call::place()?.folder, Access::Write)])?,
        data: context.folders.data.clone(),
        store: OnceLock::new(),
    });
    let rules = Rules::load(&context.folders.tools_file())?;
    let path = context.folders.audit_file();
    let audit = AuditLog::open(&path, Clock::System).map_err(|error| {
        Report::failure(format!("can't open the audit log {}", path.display()))
            .cause(error.to_string())
    })?;
    let cache = ResultCache::new(Some(store::results(&context.folders.cache)), Clock::System);
    let toolbox = Arc::new(Toolbox::new(rules, cache, Some(audit), Clock::System));
    builtin::register(&engines, &toolbox.registry).map_err(|error| {
        Report::failure("a built-in tool is broken: this is a bug of companion")
            .cause(error.to_string())
    })?;
    let folder = call::place()?.folder;
    if let Some(servers) = Servers::load(&context.folders.mcp_file(), &engines, &folder)? {
        servers.register(&toolbox);
    }
    functions.load(context, &toolbox, &engines)?;
    Ok((toolbox, engines))
}

/// Servers that are not there, and what else is wrong with them.
fn warn_of_servers(toolbox: &Toolbox) {
    for problem in toolbox.registry.problems() {
        let problem = sanitize_for_terminal(&problem);
        let _ = writeln!(io::stderr(), "companion: warning: {problem}");
    }
}

/// Where the code of a program asks for tools. It asks nobody: what a rule would ask about is denied.
pub(super) fn desk(context: &Arc<Context>) -> LateDesk {
    let context = Arc::clone(context);
    LateDesk::new(move || {
        let failed = |report: Report| report.to_string();
        let (toolbox, engines) = toolbox(&context, &Functions::default()).map_err(failed)?;
        let registry = Arc::clone(&toolbox.registry);
        Ok(CellDesk {
            engines,
            registry,
            place: call::place().map_err(failed)?,
            calls: calls_of(toolbox),
            functions: builtin::no_functions(),
            registered: Mutex::default(),
            kept: AtomicU64::default(),
        })
    })
}

fn print_list(tools: &[Arc<Registered>], json: bool) -> u8 {
    let mut out = io::stdout().lock();
    if json {
        let all: Vec<_> = tools.iter().map(|tool| tool.spec()).collect();
        let _ = writeln!(out, "{}", json!(all));
        return 0;
    }
    let specs: Vec<_> = tools.iter().map(|tool| tool.spec()).collect();
    // A reader that is gone does not want to hear of it.
    let _ = write!(out, "{}", listing(&specs, columns(&out)));
    0
}

/// A line for each tool, as wide as there is room for. Names of servers' tools may be long: they get
/// half of it.
fn listing(specs: &[&ToolSpec], columns: Option<usize>) -> String {
    let names = specs.iter().map(|spec| spec.name.as_str().chars().count());
    let most = columns.map_or(usize::MAX, |columns| columns / 2);
    let widest = names.max().unwrap_or(0).min(most);
    let mut text = String::new();
    for spec in specs {
        let name = cut(spec.name.as_str(), widest);
        let summary = spec.description.split_terminator(". ").next();
        let summary = summary.unwrap_or_default().replace(['\n', '\t'], " ");
        let line = format!("{name:widest$}  {}", summary.trim_end_matches('.'));
        let line = sanitize_for_terminal(&line);
        match columns {
            Some(columns) => text.push_str(&cut(&line, columns)),
            None => text.push_str(&line),
        }
        text.push('\n');
    }
    text
}

/// Says which tags there are, if there is none of that name.
fn check_tag(registry: &Registry, list: &List) -> Result<(), Report> {
    let Some(tag) = &list.tag else {
        return Ok(());
    };
    // Of all tags, but of no server that was not asked for.
    let all = Filter {
        tag: None,
        ..list.filter()
    };
    let tools = registry.list(&all);
    let tags: BTreeSet<_> = tools.iter().flat_map(|tool| &tool.spec().tags).collect();
    if tags.contains(tag) {
        return Ok(());
    }
    let tags: Vec<_> = tags.into_iter().map(String::as_str).collect();
    Err(Report::usage(format!("no tool has the tag {tag:?}"))
        .hint(format!("one of: {}", tags.join(", "))))
}

fn describe(spec: &ToolSpec, json: bool) {
    let mut out = io::stdout().lock();
    if json {
        let _ = writeln!(out, "{:#}", json!(spec));
        return;
    }
    let room = columns(&out).unwrap_or(READABLE).min(READABLE);
    let about = wrap_words(&spec.description, room).join("\n");
    let mut text = format!("{}\n\n{about}\n", spec.name);
    text.push_str(&arguments(&spec.input_schema, room));
    let hints = [
        (spec.annotations.read_only, "changes nothing"),
        (spec.annotations.destructive, "may take something away"),
        (spec.annotations.open_world, "reaches outside this machine"),
    ];
    let hints: Vec<_> = hints
        .iter()
        .filter_map(|(holds, hint)| holds.then_some(*hint))
        .collect();
    if !hints.is_empty() {
        text.push_str("\nIt ");
        text.push_str(&hints.join(", "));
        text.push_str(".\n");
    }
    let _ = write!(out, "{}", sanitize_for_terminal(&text));
}

/// The properties of a schema: name and type, and what it is about.
fn arguments(schema: &Value, room: usize) -> String {
    let mut text = String::new();
    let mut say = |indent: usize, words: &str| {
        for line in wrap_words(words, room.saturating_sub(indent).max(20)) {
            let _ = writeln!(text, "{}", format!("{:indent$}{line}", "").trim_end());
        }
    };
    for argument in builtin::spec_arguments(schema) {
        let must = if argument.is_required {
            ", required"
        } else {
            ""
        };
        say(0, "");
        say(2, &format!("{} ({}{must})", argument.name, argument.kind));
        if !argument.about.is_empty() {
            say(6, argument.about);
        }
        for form in &argument.forms {
            say(6, &format!("· {}", form.fields));
            say(10, form.about);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn a_list_fits_the_terminal() {
        let schema = || json!({ "type": "object" });
        let spec = |name: &str, description: &str, source| {
            ToolSpec::new(name, description, schema(), source).expect("a name")
        };
        let long = format!("server/{}", "long_name_".repeat(12));
        let specs = [
            spec("add", "Adds. It is slow.", Source::Builtin),
            spec(
                &long,
                "Says\n\u{1b}[2Jmuch about itself, more than there is room for here",
                Source::Mcp,
            ),
        ];
        let specs: Vec<_> = specs.iter().collect();
        for columns in [40, 60, 200] {
            let text = listing(&specs, Some(columns));
            assert_eq!(text.lines().count(), 2, "{text}");
            assert!(text.lines().all(|line| line.width() <= columns), "{text}");
            assert!(
                !text.contains('\u{1b}') && text.contains("Adds\n"),
                "{text}"
            );
        }
        assert!(listing(&specs, Some(60)).contains("Says"));
        assert!(listing(&specs, None).contains(&long));
    }
}
