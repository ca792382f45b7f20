//! `companion models pull`: what is told while it downloads.

use super::super::meter::Meter;
use super::print;
use crate::error::Report;
use crate::models::{ModelError, Pull, PullProgress};
use crate::picture::{shown_path, shown_size};

pub(super) fn pull(pull: &Pull<'_>) -> Result<u8, Report> {
    let mut meter = Meter::new(0);
    meter.label("asking the hub");
    let mut is_planned = false;
    let pulled = pull.run(&mut |progress| match progress {
        PullProgress::Planned {
            files,
            size_bytes,
            notes,
        } => {
            let files = if files == 1 {
                "1 file".to_owned()
            } else {
                format!("{files} files")
            };
            meter.say(&format!(
                "{}: {files}, {}",
                pull.repo,
                shown_size(size_bytes)
            ));
            for note in notes {
                meter.say(&format!("note: {note}"));
            }
            meter.set_total(size_bytes);
            is_planned = true;
        }
        PullProgress::Started { file } => meter.label(file),
        // The index comes before the plan, and is counted with it.
        PullProgress::Bytes { .. } | PullProgress::Lost { .. } if !is_planned => {}
        PullProgress::Bytes {
            count,
            is_new: true,
        } => meter.add(count),
        PullProgress::Bytes {
            count,
            is_new: false,
        } => meter.skip(count),
        PullProgress::Lost { count } => meter.take_back(count),
        PullProgress::Retrying { file, reason, wait } => {
            let wait = wait.as_secs_f64();
            meter.say(&format!("{file}: {reason}; again in {wait:.1} s"));
        }
        PullProgress::Finished { file, size_bytes } => {
            // On a terminal the line that is drawn over says it.
            if !meter.is_shown() && is_planned {
                meter.say(&format!("  {file}, {}", shown_size(size_bytes)));
            }
        }
    });
    meter.clear();
    drop(meter);
    let pulled = pulled.map_err(|error| match error {
        ModelError::Cancelled => {
            Report::from(error).hint("give the command again: it goes on where it stopped")
        }
        error => error.into(),
    })?;
    let done = if pulled.was_complete {
        "was complete"
    } else {
        "is there"
    };
    print(&format!(
        "{} {done}, in {}\n",
        pulled.name,
        shown_path(&pulled.path)
    ));
    Ok(0)
}
