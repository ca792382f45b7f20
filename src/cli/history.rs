//! `companion history`

use std::io::{self, IsTerminal, Write};

use clap::Args;
use serde_json::json;

use super::Context;
use crate::error::Report;
use crate::protocol::{HistoryEntry, HistoryKind, Timestamp};
use crate::sanitize::sanitize;
use crate::session::Transcript;
use crate::store::{self, SessionSummary, Store};
use crate::tui;

/// Lists what was typed, oldest first.
#[derive(Debug, Args)]
pub(super) struct History {
    /// Only entries that contain this text; capitals count only if it has some
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only the last so many
    #[arg(short = 'n', long, value_name = "COUNT")]
    last: Option<usize>,
    /// List the sessions instead: when, how many cells, which
    #[arg(long, conflicts_with_all = ["search", "transcript"])]
    sessions: bool,
    /// Print what happened in a session: its id, or the end of it
    #[arg(long, value_name = "SESSION", conflicts_with_all = ["search", "last", "json"])]
    transcript: Option<String>,
    /// One JSON object a line: id, session, at, language, kind, source
    #[arg(long)]
    json: bool,
}

impl History {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let store = store::open(&context.folders.data);
        let done = self.list(store.as_ref());
        for warning in store.take_warnings() {
            let _ = writeln!(io::stderr(), "companion: warning: {warning}");
        }
        done
    }

    fn list(self, store: &dyn Store) -> Result<u8, Report> {
        if let Some(name) = &self.transcript {
            return print_transcript(store, name);
        }
        if self.sessions {
            return self.list_sessions(store);
        }
        let mut entries = store.history_since(0)?;
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

    fn list_sessions(&self, store: &dyn Store) -> Result<u8, Report> {
        let mut sessions = store.sessions()?;
        sessions.reverse();
        let skipped = self
            .last
            .map_or(0, |last| sessions.len().saturating_sub(last));
        let mut out = io::stdout().lock();
        for SessionSummary {
            id,
            started,
            cells,
            last,
        } in sessions.iter().skip(skipped)
        {
            let line = if self.json {
                let at = |at| time(at).map(|at| at.to_string());
                json!({ "session": id, "started": at(*started), "last": at(*last), "cells": cells })
                    .to_string()
            } else {
                format!("{:16}  {cells:>5} cells  {id}", local(*started))
            };
            if writeln!(out, "{line}").is_err() {
                break;
            }
        }
        Ok(0)
    }
}

/// What is left of a session: the fold of its events.
fn print_transcript(store: &dyn Store, name: &str) -> Result<u8, Report> {
    let sessions = store.sessions()?;
    let mut named = sessions
        .iter()
        .filter(|session| session.id.0.ends_with(name));
    let (Some(session), None) = (named.next(), named.next()) else {
        return Err(
            Report::usage(format!("{name:?} is not the end of one session's id"))
                .hint("companion history --sessions lists them"),
        );
    };
    let mut transcript = Transcript::default();
    for event in store.replay(&session.id)? {
        transcript.apply(&event);
    }
    let _ = write!(
        io::stdout().lock(),
        "{}",
        tui::plain_transcript(&transcript)
    );
    Ok(0)
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

/// To the minute, where the user is.
fn local(at: Timestamp) -> String {
    time(at).map_or_else(String::new, |at| {
        at.to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    })
}

fn time(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()
}
