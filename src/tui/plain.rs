//! The transcript as plain text: for the clipboard, for a file, and for the scrollback on leaving.

use std::fmt::Write as _;

use super::view::cost_of_call;
use super::view::text::{bytes, count, duration, steps};
use crate::protocol::{
    Artifact, CallStatus, Finding, ImageStatus, Outcome, Status, StreamText, ToolCall, ToolContent,
    Variables,
};
use crate::sanitize::sanitize;
use crate::session::{Body, CallBody, CellBody, Entry, ImagePhase, Phase, Transcript};

/// What of a cell is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The code.
    Source,
    /// What it printed, its value, its error.
    Output,
    /// Everything.
    All,
}

/// All of it, safe to be printed on a terminal.
pub(crate) fn transcript(transcript: &Transcript) -> String {
    let mut text = String::new();
    for each in transcript.entries() {
        text.push_str(&entry(each, Part::All));
        text.push('\n');
    }
    text
}

/// One entry, safe to be printed on a terminal.
pub(crate) fn entry(entry: &Entry, part: Part) -> String {
    let mut text = String::new();
    match &entry.body {
        Body::Cell(cell) => {
            match part {
                Part::Source => text.push_str(&sanitize(&cell.source)),
                Part::Output => {}
                Part::All => {
                    let count = cell
                        .execution_count
                        .map_or(" ".to_owned(), |n| n.to_string());
                    let mark = format!("{} {count} ❯ ", cell.language.short());
                    let indent = format!("\n{:>width$}", "… ", width = mark.chars().count());
                    let source = sanitize(cell.source.trim_end());
                    let _ = writeln!(text, "{mark}{}", source.replace('\n', &indent));
                }
            }
            if part == Part::All {
                for finding in &cell.findings {
                    let Finding {
                        line,
                        message,
                        rule,
                        ..
                    } = finding;
                    let told = format!("line {line}: {message} ({rule})");
                    let _ = writeln!(text, "[{}]", sanitize(&told).replace('\n', "␊"));
                }
            }
            if part != Part::Source {
                text.push_str(&output(cell));
            }
            if part != Part::Source {
                for artifact in &cell.displayed {
                    let _ = writeln!(text, "{}", picture(artifact));
                }
            }
            match &cell.phase {
                Phase::Done(outcome) if part == Part::All => {
                    let _ = writeln!(text, "{}", cost(outcome));
                }
                Phase::Held(question) if part == Part::All => {
                    let _ = writeln!(text, "[asks: {}]", sanitize(&question.text));
                }
                _ => {}
            }
        }
        Body::Image(image) => {
            let _ = writeln!(text, "imagine {}", sanitize(&image.request.prompt));
            for made in &image.made {
                let _ = writeln!(text, "{}", picture(&made.artifact));
            }
            let end = match &image.phase {
                ImagePhase::Queued => "queued".to_owned(),
                ImagePhase::Running(progress) => format!("{}/{}", progress.done, progress.total),
                ImagePhase::Done { status, .. } => match status {
                    ImageStatus::Ok => String::new(),
                    ImageStatus::Interrupted => "interrupted".to_owned(),
                    ImageStatus::Failed { message } => sanitize(message).into_owned(),
                    ImageStatus::Dropped => "never made".to_owned(),
                },
            };
            if !end.is_empty() {
                let _ = writeln!(text, "[{end}]");
            }
        }
        Body::Call(body) => call(body, part, &mut text),
        Body::Gallery(gallery) => {
            let _ = writeln!(text, "gallery {}", sanitize(&gallery.words));
            for made in &gallery.pictures {
                let prompt = sanitize(&made.generation.request.prompt);
                let _ = writeln!(text, "{prompt}: {}", picture(&made.artifact));
            }
        }
        Body::Show(show) => {
            let _ = match &show.picture {
                Some(Ok(artifact)) => {
                    writeln!(
                        text,
                        "picture {}: {}",
                        sanitize(&show.path),
                        picture(artifact)
                    )
                }
                Some(Err(message)) => {
                    writeln!(
                        text,
                        "picture {}: {}",
                        sanitize(&show.path),
                        sanitize(message)
                    )
                }
                None => writeln!(text, "picture {}: loading", sanitize(&show.path)),
            };
        }
    }
    text
}

fn call(body: &CallBody, part: Part, text: &mut String) {
    let ToolCall {
        name, arguments, ..
    } = &body.call;
    let line = format!("{name} {arguments}");
    let line = sanitize(&line);
    match part {
        Part::Source => text.push_str(&line),
        Part::Output => {}
        Part::All => {
            let _ = writeln!(text, "call {line}");
        }
    }
    let Some(outcome) = body.outcome().filter(|_| part != Part::Source) else {
        return;
    };
    for content in &outcome.content {
        match content {
            ToolContent::Text { text: piece } => text.push_str(&sanitize(piece)),
            ToolContent::Json { value } => text.push_str(&sanitize(&format!("{value:#}"))),
            ToolContent::Image { artifact } => {
                let name = sanitize(&artifact.name);
                let _ = write!(text, "{name}: {}", picture(artifact));
            }
            ToolContent::Blob {
                blob,
                media_type,
                size_bytes,
            } => {
                let media_type = sanitize(media_type);
                let _ = write!(text, "{media_type}, {}, {blob}", bytes(*size_bytes));
            }
        }
        end_line(text);
    }
    if let CallStatus::Failed { message, .. } = &outcome.status {
        let _ = writeln!(text, "{}", sanitize(message));
    }
    let cost = cost_of_call(outcome);
    if part == Part::All && !cost.is_empty() {
        let _ = writeln!(text, "[{cost}]");
    }
}

/// `PNG 64×64, 5 KiB`
fn picture(artifact: &Artifact) -> String {
    format!(
        "{} {}×{}, {}",
        artifact.media_type.title(),
        artifact.width,
        artifact.height,
        bytes(artifact.size_bytes)
    )
}

/// What a cell printed, its value, its error.
pub(crate) fn output(cell: &CellBody) -> String {
    let mut text = String::new();
    let pieces = |pieces: &[StreamText], text: &mut String| {
        for piece in pieces {
            text.push_str(&sanitize(&piece.text));
        }
    };
    pieces(&cell.output.head, &mut text);
    if !cell.output.is_whole() {
        end_line(&mut text);
        let _ = writeln!(
            text,
            "[… {} lines left out: {} …]",
            count(cell.output.omitted_lines),
            bytes(cell.output.omitted_bytes)
        );
        pieces(&cell.output.tail, &mut text);
    }
    end_line(&mut text);
    let Some(outcome) = cell.outcome() else {
        return text;
    };
    if let Some(result) = &outcome.result {
        let _ = writeln!(text, "{}", sanitize(result));
    }
    if let Status::Error { traceback, .. } = &outcome.status {
        text.push_str(&sanitize(traceback));
        end_line(&mut text);
    }
    text
}

fn cost(outcome: &Outcome) -> String {
    let time = duration(outcome.cost.execution_time);
    let ending = match &outcome.status {
        Status::Ok | Status::Error { .. } => String::new(),
        Status::Exit { code } => format!("exit code {code}, "),
        Status::Interrupted { .. } => "interrupted, ".to_owned(),
        Status::Limit { message, .. } => format!("{message}, "),
        Status::Died { message, .. } => format!("{}, ", sanitize(message)),
        Status::Refused { message } => return format!("[not run: {}]", sanitize(message)),
        Status::Dropped => return "[never run]".to_owned(),
    };
    let fate = match outcome.status.variables() {
        Variables::Kept => "",
        Variables::RolledBack => ", variables are as before the cell",
        Variables::Lost => ", variables lost",
    };
    let memory = match outcome.cost.peak_memory_bytes {
        0 => String::new(),
        peak => format!(", {}", bytes(peak)),
    };
    let fuel = match outcome.cost.fuel_used {
        0 => String::new(),
        fuel => format!(", {}", steps(fuel)),
    };
    format!("[{ending}{time}{memory}{fuel}{fate}]")
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}
