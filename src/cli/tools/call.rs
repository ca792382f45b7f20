//! `companion tools call`, and what it has in common with `companion tools pipe`.

use std::io::{self, BufRead as _, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::super::rows::{columns, cut};
use super::super::{Context, stopped_by_signals};
use super::{Functions, toolbox};
use crate::builtin::{self, Engines};
use crate::error::Report;
use crate::protocol::CallOrigin;
use crate::sanitize::sanitize_for_terminal;
use crate::tool::{
    CacheUse, Called, CancelToken, Content, Decision, Finished, Pending, Place, Scope, ToolCall,
    ToolContext, ToolOutput, Toolbox, Update, Width,
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
    #[command(flatten)]
    how: How,
}

/// How calls are made.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct How {
    /// Answer a question of the policy with yes, for this call
    #[arg(long)]
    yes: bool,
    /// Find the result out anew though it is known
    #[arg(long)]
    no_cache: bool,
    /// Print the whole result as a JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    functions: Functions,
}

impl Call {
    /// As `companion tools call NAME --args ARGUMENTS`.
    pub fn of(name: &str, arguments: &Value, json: bool) -> Self {
        Self {
            name: name.to_owned(),
            args: arguments.to_string(),
            how: How {
                json,
                ..How::default()
            },
        }
    }

    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let hint = "as in: --args '{\"code\": \"1 + 1\"}'";
        let arguments = read_json(&self.args, "the arguments", hint)?;
        let mut caller = Caller::new(context, self.how.clone())?;
        caller.streams();
        let finished = caller.call(&self.name, arguments)?;
        if self.how.json {
            // A reader that is gone does not want to hear of it.
            let _ = writeln!(io::stdout(), "{}", as_json(&finished));
        } else {
            print(&finished, &caller.streamed());
        }
        Ok(u8::from(finished.output.is_error))
    }
}

/// Calls tools for somebody at a terminal: shows how far they are, asks what the policy asks, and
/// stops them when it is interrupted.
pub(in crate::cli) struct Caller {
    toolbox: Arc<Toolbox>,
    engines: Arc<Engines>,
    context: ToolContext,
    meter: Arc<Mutex<Meter>>,
    how: How,
}

impl Caller {
    pub(super) fn new(context: &Context, how: How) -> Result<Self, Report> {
        let meter = Arc::new(Mutex::new(Meter::new(how.json)));
        let theirs = Arc::clone(&meter);
        let tell = move |_: &Engines, update| lock(&theirs).draw(&update);
        Self::with(context, how, meter, tell)
    }

    /// For somebody who hears of updates, and puts pictures into the gallery.
    pub fn telling(
        context: &Context,
        tell: impl Fn(&Engines, Update) + Send + Sync + 'static,
    ) -> Result<Self, Report> {
        let how = How {
            json: true,
            ..How::default()
        };
        let meter = Arc::new(Mutex::new(Meter::new(how.json)));
        let mut caller = Self::with(context, how, meter, tell)?;
        caller.context.has_gallery = true;
        Ok(caller)
    }

    fn with(
        context: &Context,
        how: How,
        meter: Arc<Mutex<Meter>>,
        tell: impl Fn(&Engines, Update) + Send + Sync + 'static,
    ) -> Result<Self, Report> {
        let (toolbox, engines) = toolbox(context, &how.functions)?;
        let theirs = Arc::clone(&engines);
        let context = ToolContext::new(CallOrigin::User, place()?)
            .with_progress(move |update| tell(&theirs, update));
        let stop = stopped_by_signals();
        let cancel = context.cancel.clone();
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                std::thread::sleep(LOOK_EVERY);
            }
            cancel.cancel();
        });
        Ok(Self {
            toolbox,
            engines,
            context,
            meter,
            how,
        })
    }

    /// What the tools reach.
    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    /// Ends what runs.
    pub fn cancel_token(&self) -> CancelToken {
        self.context.cancel.clone()
    }

    /// From now on pieces of results are printed as they come.
    pub fn streams(&mut self) {
        lock(&self.meter).streams = !self.how.json;
    }

    /// What was printed so far.
    pub fn streamed(&self) -> String {
        lock(&self.meter).streamed.clone()
    }

    /// Whether there is such a tool and the arguments, if they are known, fit. Calls nothing.
    pub fn check(&self, name: &str, arguments: Option<Value>) -> Result<(), Report> {
        match arguments {
            None => {
                let is_cancelled = || self.context.check().is_err();
                let registry = &self.toolbox.registry;
                registry.get_unless(name, &is_cancelled).map(drop)?;
            }
            Some(arguments) => self
                .toolbox
                .explain(self.of(name, arguments), &self.context)
                .map(drop)?,
        }
        Ok(())
    }

    /// Calls a tool to its end.
    pub fn call(&self, name: &str, arguments: Value) -> Result<Finished, Report> {
        let mut called = self.toolbox.call(self.of(name, arguments), &self.context);
        let finished = loop {
            lock(&self.meter).clear();
            match called? {
                Called::Finished(finished) => break finished,
                Called::Pending(pending) => {
                    let decision = self.ask(&pending).inspect_err(|_| {
                        let error = pending.denied("it asks first, and there is nobody to ask");
                        self.toolbox.give_up(&pending, &error, &self.context);
                    })?;
                    called = self.toolbox.resume(pending, decision, &self.context);
                }
            }
        };
        for warning in &finished.warnings {
            let warning = sanitize_for_terminal(warning);
            let _ = writeln!(io::stderr(), "companion: warning: {warning}");
        }
        Ok(finished)
    }

    fn of(&self, name: &str, arguments: Value) -> ToolCall {
        ToolCall {
            name: name.to_owned(),
            arguments,
            cache: if self.how.no_cache {
                CacheUse::Renew
            } else {
                CacheUse::Read
            },
        }
    }

    /// The answer to a question of the policy.
    fn ask(&self, pending: &Pending) -> Result<Decision, Report> {
        let once = Decision::Allow {
            scope: Scope::Once,
            width: Width::Arguments,
        };
        if self.how.yes {
            return Ok(once);
        }
        let question = &pending.question;
        let mut text = format!("{} {}", question.tool, question.arguments);
        if let Some(reason) = &question.reason {
            text.push_str("\n  ");
            text.push_str(reason);
        }
        let call = &pending.call;
        let (name, place) = (&call.name, &self.context.place);
        if let Some(preview) = builtin::preview(&self.engines, name, &call.arguments, place) {
            text.push('\n');
            text.push_str(&preview);
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Report::refused(format!(
                "{} asks first, by {}",
                question.tool, question.rule
            ))
            .hint("at a terminal you are asked; companion tools call --yes answers with yes, for one call"));
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

/// What an argument says: JSON, or a file with it.
pub(super) fn read_json(args: &str, what: &str, hint: &str) -> Result<Value, Report> {
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
        Report::usage(format!("{what} are no JSON"))
            .cause(error.to_string())
            .hint(hint)
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

/// How far it is, on one line of standard error, where a terminal reads it; and pieces of results.
struct Meter {
    columns: Option<usize>,
    is_drawn: bool,
    streams: bool,
    streamed: String,
}

impl Meter {
    fn new(is_quiet: bool) -> Self {
        Self {
            columns: columns(&io::stderr()).filter(|_| !is_quiet),
            is_drawn: false,
            streams: false,
            streamed: String::new(),
        }
    }

    fn draw(&mut self, update: &Update) {
        match update {
            Update::Progress {
                done,
                total,
                message,
            } => self.draw_progress(*done, *total, message.as_deref()),
            Update::Output(Content::Text { text }) => self.print(text),
            // They are in the result, when it is whole.
            Update::Output(_) | Update::Image { .. } | Update::Picture { .. } => {}
        }
    }

    fn print(&mut self, text: &str) {
        // What is over the bound is cut from the result, too.
        let fits = self.streamed.len() + text.len() <= ToolOutput::MAX_TEXT_BYTES;
        if self.streams && fits {
            self.clear();
            let mut out = io::stdout().lock();
            let _ = write!(out, "{}", sanitize_for_terminal(text));
            let _ = out.flush();
            self.streamed.push_str(text);
        } else {
            self.streams = false;
        }
    }

    fn draw_progress(&mut self, done: f64, total: Option<f64>, message: Option<&str>) {
        let Some(columns) = self.columns else {
            return;
        };
        let of = total.map(|total| format!("/{total}"));
        let message = message.unwrap_or_default();
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

/// Prints a result, without the start of it that was printed before.
pub(super) fn print(finished: &Finished, streamed: &str) {
    let mut out = io::stdout().lock();
    let mut streamed = (!streamed.is_empty()).then_some(streamed);
    for content in &finished.output.content {
        let mut is_begun = false;
        let text = match content {
            Content::Text { text } => match streamed.take() {
                Some(start) => {
                    let rest = text.strip_prefix(start);
                    is_begun = rest.is_some() && !start.ends_with('\n');
                    rest.unwrap_or(text).to_owned()
                }
                None => text.clone(),
            },
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
        if text.is_empty() && !is_begun {
            continue;
        }
        // A reader that is gone does not want to hear of it.
        let _ = write!(out, "{}", sanitize_for_terminal(&text));
        if !text.ends_with('\n') {
            let _ = writeln!(out);
        }
    }
    drop(out);
    if io::stderr().is_terminal() {
        let from = match finished.cached {
            Some(tier) => format!(", cached ({})", tier.word()),
            None => String::new(),
        };
        let _ = writeln!(io::stderr(), "{}{from}", duration(finished.took));
    }
}

/// A result for programs.
pub(super) fn as_json(finished: &Finished) -> Value {
    json!({
        "content": finished.output.content,
        "structured": finished.output.structured,
        "is_error": finished.output.is_error,
        "rule": finished.rule,
        "cached": finished.cached,
        "attempts": finished.attempts,
        "time_ms": finished.took.as_secs_f64() * 1000.0,
        "warnings": finished.warnings,
    })
}
