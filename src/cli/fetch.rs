//! `companion fetch`

use std::io::{self, Write};
use std::sync::atomic::Ordering;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::tools::call::Call;
use super::{Context, stopped_by_signals};
use crate::error::Report;
use crate::web::{FetchLimits, Fetcher, WebError};

/// Fetches a public page: its article as Markdown or text, its links, or its code. The tool
/// `fetch_url`, under the same policy.
#[derive(Debug, Args)]
pub(super) struct Fetch {
    /// An http or https URL of a public host
    #[arg(value_name = "URL")]
    url: String,
    /// Tell whether it may be fetched, and why not; looks its name up, and fetches nothing
    #[arg(long)]
    dry_run: bool,
    /// What is wanted of it
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Form::Markdown)]
    form: Form,
    /// Print the whole result as a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Markdown,
    Text,
    Code,
    Links,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Text => "text",
            Self::Code => "code",
            Self::Links => "links",
        }
    }
}

impl Fetch {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        if self.dry_run {
            return self.dry_run();
        }
        let arguments = json!({ "url": self.url, "form": self.form.name() });
        Call::of("fetch_url", &arguments, self.json).start(context)
    }

    fn dry_run(&self) -> Result<u8, Report> {
        let stop = stopped_by_signals();
        let fetcher = Fetcher::new(FetchLimits::default());
        let allowed = fetcher.dry_run(&self.url, &|| stop.load(Ordering::SeqCst));
        let (verdict, line) = match &allowed {
            Ok(allowed) => {
                let addresses: Vec<_> = allowed.addresses.iter().map(ToString::to_string).collect();
                (
                    json!({ "allowed": true, "url": allowed.url.as_str(), "addresses": addresses }),
                    format!("allowed: {} at {}", allowed.url, addresses.join(", ")),
                )
            }
            Err(error) if error.is_refusal() => (
                json!({ "allowed": false, "url": self.url, "reason": error.to_string() }),
                format!("refused: {error}"),
            ),
            Err(WebError::Cancelled) => return Err(Report::interrupted("stopped")),
            Err(error) => return Err(Report::failure(error.to_string())),
        };
        let mut out = io::stdout().lock();
        let _ = if self.json {
            writeln!(out, "{verdict}")
        } else {
            writeln!(out, "{line}")
        };
        Ok(if allowed.is_ok() { 0 } else { Report::REFUSED })
    }
}
