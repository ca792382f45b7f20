//! `companion history`

use std::io::{self, IsTerminal, Write};

use clap::Args;
use serde_json::json;

use super::Context;
use crate::error::Report;
use crate::protocol::{HistoryEntry, HistoryKind, Timestamp};
use crate::sanitize::sanitize;
use crate::store;

/// Lists what was typed, oldest first.
#[derive(Debug, Args)]
pub(super) struct History {
    /// Only entries that contain this text; capitals count only if it has some
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only the last so many
    #[arg(short = 'n', long, value_name = "COUNT")]
    last: Option<usize>,
    /// One JSON object a line: id, session, at, language, kind, source
    #[arg(long)]
    json: bool,
}

impl History {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let store = store::open(&context.folders.data);
        let mut entries = store.history_since(0)?;
        for warning in store.take_warnings() {
            let _ = writeln!(io::stderr(), "companion: warning: {warning}");
        }
        if let Some(text) = &self.search {
            entries.retain(|entry| contains(&entry.source, text));
        }
        let skipped = self
            .last
            .map_or(0, |last| entries.len().saturating_sub(last));
        let mut out = io::stdout().lock();
        let is_terminal = out.is_terminal();
        for entry in entries.iter().skip(skipped) {
            let line = if self.json {
                as_json(entry)
            } else {
                as_text(entry, is_terminal)
            };
            if writeln!(out, "{line}").is_err() {
                break;
            }
        }
        // Like grep: nothing found is not fine.
        Ok(u8::from(self.search.is_some() && entries.is_empty()))
    }
}

/// Smart case: capitals count if the text that is looked for has some.
fn contains(source: &str, text: &str) -> bool {
    if text.chars().any(char::is_uppercase) {
        source.contains(text)
    } else {
        source.to_lowercase().contains(text)
    }
}

fn as_json(entry: &HistoryEntry) -> String {
    json!({
        "id": entry.id,
        "session": entry.session,
        "at": time(entry.at).map(|at| at.to_string()),
        "language": entry.language,
        "kind": entry.kind,
        "source": entry.source,
    })
    .to_string()
}

fn as_text(entry: &HistoryEntry, is_terminal: bool) -> String {
    let at = time(entry.at).map_or_else(String::new, |at| {
        at.to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    });
    let language = match entry.kind {
        HistoryKind::Cell => entry.language.short(),
        HistoryKind::Slash => "/",
    };
    let source = if is_terminal {
        sanitize(&entry.source)
    } else {
        entry.source.as_str().into()
    };
    // Further lines stand below the first one.
    let source = source.trim_end().replace('\n', &format!("\n{:27}", ""));
    format!("{:>6}  {at:16} {language:2} {source}", entry.id)
}

fn time(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()
}
