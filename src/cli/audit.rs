//! `companion audit`

use std::io::{self, Write};
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::error::Report;
use crate::sanitize::sanitize_for_terminal;
use crate::tool::{Verification, records, verify};

/// Shows what tools did, and checks that nobody changed the record of it.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the calls, oldest first; secrets were left out when they were written
    Show {
        /// The last so many only
        #[arg(short = 'n', long, value_name = "N")]
        last: Option<usize>,
        /// Print a JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Check the chain of hashes; ends with 1 if lines were edited, removed, moved or cut off
    Verify {
        /// Print a JSON object
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let path = context.folders.audit_file();
        if let Err(error) = std::fs::metadata(&path) {
            match (error.kind(), &self.what) {
                (io::ErrorKind::NotFound, What::Show { .. }) => {
                    let _ = writeln!(io::stderr(), "no tool was called yet");
                    return Ok(0);
                }
                // What is beside it may tell that it was there.
                (io::ErrorKind::NotFound, What::Verify { .. }) => {}
                _ => return Err(Report::unreadable(&path, &error)),
            }
        }
        match self.what {
            What::Show { last, json } => show(&path, last, json),
            What::Verify { json } => check(&path, json),
        }
    }
}

fn show(path: &Path, last: Option<usize>, json: bool) -> Result<u8, Report> {
    let records = records(path).map_err(|error| Report::unreadable(path, &error))?;
    let skipped = last.map_or(0, |last| records.len().saturating_sub(last));
    let mut out = io::stdout().lock();
    for record in records.iter().skip(skipped) {
        let line = if json {
            json!(record).to_string()
        } else {
            let entry = &record.entry;
            let at = jiff::Timestamp::from_millisecond(i64::try_from(record.at.0).unwrap_or(0));
            let at = at
                .unwrap_or_default()
                .to_zoned(jiff::tz::TimeZone::system());
            let message = entry.message.as_deref().map(|text| format!(": {text}"));
            let line = format!(
                "{:>5} {} {:<8} {} {} {} ms {}{}",
                record.number,
                at.strftime("%Y-%m-%d %H:%M:%S"),
                entry.outcome,
                entry.origin,
                entry.tool,
                entry.duration_ms,
                entry.arguments,
                message.unwrap_or_default(),
            );
            sanitize_for_terminal(&line.replace('\n', " ")).into_owned()
        };
        if writeln!(out, "{line}").is_err() {
            // A reader that is gone does not want to hear of it.
            break;
        }
    }
    Ok(0)
}

fn check(path: &Path, json: bool) -> Result<u8, Report> {
    let found = verify(path).map_err(|error| Report::unreadable(path, &error))?;
    let tampering: Vec<_> = found.tampering.iter().map(ToString::to_string).collect();
    if !json && found == Verification::default() {
        let _ = writeln!(io::stderr(), "no tool was called yet");
        return Ok(0);
    }
    let mut out = io::stdout().lock();
    if json {
        let verdict = json!({
            "lines": found.lines,
            "unsealed": found.unsealed,
            "torn_bytes": found.torn_bytes,
            "tampering": tampering,
        });
        let _ = writeln!(out, "{verdict}");
    } else {
        for problem in &tampering {
            let _ = writeln!(out, "{problem}");
        }
        if tampering.is_empty() {
            let _ = writeln!(out, "{} lines, as they were written", found.lines);
        }
        if found.unsealed > 0 {
            let _ = writeln!(out, "the last {} are not sealed yet", found.unsealed);
        }
        if found.torn_bytes > 0 {
            let _ = writeln!(out, "a crash cut {} bytes of a line off", found.torn_bytes);
        }
    }
    Ok(u8::from(!tampering.is_empty()))
}
