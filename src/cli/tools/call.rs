//! `companion tools call`

use std::io::{self, BufRead as _, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::super::rows::{columns, cut};
use super::super::{Context, stopped_by_signals};
use super::toolbox;
use crate::builtin::{self, Engines};
use crate::error::Report;
use crate::protocol::CallOrigin;
use crate::sanitize::sanitize_for_terminal;
use crate::tool::{
    CacheUse, Called, Content, Decision, Finished, Pending, Place, Scope, ToolCall, ToolContext,
    Update, Width,
};
use crate::tui::view::text::duration;

/// How often it is looked whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug, Args)]
pub(in crate::cli) struct Call {
    /// The tool
    #[arg(value_name = "NAME")]
    name: String,
    /// Its arguments: a JSON object, or @FILE with one, or @- for standard input
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    args: String,
    /// Answer a question of the policy with yes, for this call
    #[arg(long)]
    yes: bool,
    /// Find the result out anew though it is known
    #[arg(long)]
    no_cache: bool,
    /// Print the whole result as a JSON object
    #[arg(long)]
    json: bool,
}

impl Call {
    /// As `companion tools call NAME --args ARGUMENTS`.
    pub fn of(name: &str, arguments: &Value, json: bool) -> Self {
        Self {
            name: name.to_owned(),
            args: arguments.to_string(),
            yes: false,
            no_cache: false,
            json,
        }
    }

    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let arguments = arguments(&self.args)?;
        let (toolbox, engines) = toolbox(context)?;
        let meter = Arc::new(Mutex::new(Meter::new(self.json)));
        let theirs = Arc::clone(&meter);
        let tool_context = ToolContext::new(CallOrigin::User, place()?)
            .with_progress(move |update| lock(&theirs).draw(&update));
        let stop = stopped_by_signals();
        let cancel = tool_context.cancel.clone();
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                std::thread::sleep(LOOK_EVERY);
            }
            cancel.cancel();
        });
        let call = ToolCall {
            name: self.name.clone(),
            arguments,
            cache: if self.no_cache {
                CacheUse::Renew
            } else {
                CacheUse::Read
            },
        };
        let mut called = toolbox.call(call, &tool_context);
        let finished = loop {
            lock(&meter).clear();
            match called? {
                Called::Finished(finished) => break finished,
                Called::Pending(pending) => {
                    let decision = self.ask(&pending, &engines, &tool_context.place)?;
                    called = toolbox.resume(pending, decision, &tool_context);
                }
            }
        };
        for warning in &finished.warnings {
            let _ = writeln!(io::stderr(), "companion: warning: {warning}");
        }
        if self.json {
            print_json(&finished);
        } else {
            print(&finished);
        }
        Ok(u8::from(finished.output.is_error))
    }

    /// The answer to a question of the policy.
    fn ask(&self, pending: &Pending, engines: &Engines, place: &Place) -> Result<Decision, Report> {
        let once = Decision::Allow {
            scope: Scope::Once,
            width: Width::Arguments,
        };
        if self.yes {
            return Ok(once);
        }
        let question = &pending.question;
        let mut text = format!("{} {}", question.tool, question.arguments);
        if let Some(reason) = &question.reason {
            text.push_str("\n  ");
            text.push_str(reason);
        }
        let call = &pending.call;
        if let Some(preview) = builtin::preview(engines, &call.name, &call.arguments, place) {
            text.push('\n');
            text.push_str(&preview);
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Report::refused(format!(
                "{} asks first, by {}",
                question.tool, question.rule
            ))
            .hint("--yes answers with yes, for this call"));
        }
        let _ = write!(
            io::stderr(),
            "{}\n  by {}\n  y  {}\n  a  {}\n  t  {}\nDo it? [y/a/t/N] ",
            sanitize_for_terminal(&text),
            sanitize_for_terminal(&question.rule),
            question.words(Scope::Once, Width::Arguments),
            question.words(Scope::Always, Width::Arguments),
            question.words(Scope::Always, Width::Tool),
        );
        let mut line = String::new();
        let _ = io::stdin().lock().read_line(&mut line);
        let always = |width| Decision::Allow {
            scope: Scope::Always,
            width,
        };
        Ok(match line.trim() {
            "y" | "Y" | "yes" => once,
            "a" => always(Width::Arguments),
            "t" => always(Width::Tool),
            _ => Decision::Deny,
        })
    }
}

/// What `--args` says: JSON, or a file with it.
pub(super) fn arguments(args: &str) -> Result<Value, Report> {
    let text = match args.strip_prefix('@') {
        None => args.to_owned(),
        Some("-") => io::read_to_string(io::stdin().lock())
            .map_err(|error| Report::usage("can't read standard input").cause(error.to_string()))?,
        Some(file) => {
            let path = PathBuf::from(file);
            std::fs::read_to_string(&path).map_err(|error| {
                Report::usage(format!("can't read {}", path.display())).cause(error.to_string())
            })?
        }
    };
    serde_json::from_str(&text).map_err(|error| {
        Report::usage("the arguments are no JSON")
            .cause(error.to_string())
            .hint("as in: --args '{\"code\": \"1 + 1\"}'")
    })
}

/// This folder.
pub(in crate::cli) fn place() -> Result<Place, Report> {
    let folder = std::env::current_dir()
        .map_err(|error| Report::failure("this folder is gone").cause(error.to_string()))?;
    Ok(Place {
        project: folder.clone(),
        folder,
    })
}

/// How far it is, on one line of standard error, where a terminal reads it.
struct Meter {
    columns: Option<usize>,
    is_drawn: bool,
}

impl Meter {
    fn new(is_quiet: bool) -> Self {
        Self {
            columns: columns(&io::stderr()).filter(|_| !is_quiet),
            is_drawn: false,
        }
    }

    fn draw(&mut self, update: &Update) {
        let (
            Some(columns),
            Update::Progress {
                done,
                total,
                message,
            },
        ) = (self.columns, update)
        else {
            return;
        };
        let of = total.map(|total| format!("/{total}"));
        let message = message.as_deref().unwrap_or_default();
        let line = format!("{done}{} {message}", of.unwrap_or_default());
        let line = sanitize_for_terminal(&line).replace('\n', " ");
        let line = cut(&line, columns.saturating_sub(1));
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
        self.is_drawn = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn lock(meter: &Mutex<Meter>) -> MutexGuard<'_, Meter> {
    meter.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print(finished: &Finished) {
    let mut out = io::stdout().lock();
    for content in &finished.output.content {
        let text = match content {
            Content::Text { text } => text.clone(),
            Content::Json { value } => format!("{value:#}"),
            Content::Image { artifact } => format!(
                "{} {} {}×{}",
                artifact.blob, artifact.name, artifact.width, artifact.height
            ),
            Content::Blob {
                blob,
                media_type,
                size_bytes,
            } => format!("{blob} {media_type}, {size_bytes} bytes"),
        };
        // A reader that is gone does not want to hear of it.
        let _ = write!(out, "{}", sanitize_for_terminal(&text));
        if !text.ends_with('\n') {
            let _ = writeln!(out);
        }
    }
    drop(out);
    if io::stderr().is_terminal() {
        let from = match finished.cached {
            Some(_) => ", known from before".to_owned(),
            None => String::new(),
        };
        let _ = writeln!(io::stderr(), "{}{from}", duration(finished.took));
    }
}

fn print_json(finished: &Finished) {
    let value = json!({
        "content": finished.output.content,
        "structured": finished.output.structured,
        "is_error": finished.output.is_error,
        "rule": finished.rule,
        "cached": finished.cached,
        "attempts": finished.attempts,
        "time_ms": finished.took.as_secs_f64() * 1000.0,
        "warnings": finished.warnings,
    });
    let _ = writeln!(io::stdout(), "{value}");
}
