//! The lines of an entry: safe text with roles, the same for layout and for search.

use std::borrow::Cow;

use crate::protocol::{
    CallOutcome, CallStatus, OutputExcerpt, Status, Stream, StreamText, ToolContent,
};
use crate::sanitize::{LineWriter, Run, sanitize};
use crate::session::{Body, CallBody, Entry, GalleryBody};
use crate::tui::highlight::highlight;
use crate::tui::theme::Role;

/// A line of safe text.
pub(super) type Line = Vec<Run<Role>>;

/// What an entry is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    /// The source, a prompt, or a picture's path.
    Source,
    /// The beginning of the output, or all of it.
    Head,
    /// The end of the output, if something was left out between.
    Tail,
    /// The value.
    Result,
    /// What the language says about an error.
    Traceback,
}

/// Longer arguments of a call are cut, in bytes.
const ARGUMENT_BYTES: usize = 400;
/// Longer lines are cut, and say so.
const LINE_CHARACTERS: usize = 2_000;

/// Every part of an entry with its lines, in the order of the screen.
pub(super) fn parts(entry: &Entry) -> Vec<(Part, Vec<Line>)> {
    match &entry.body {
        Body::Image(image) => vec![(Part::Source, typed_lines(&image.request.prompt))],
        Body::Call(call) => {
            let mut parts = vec![(Part::Source, call_lines(call))];
            if let Some(outcome) = call.outcome() {
                parts.push((Part::Result, called_lines(outcome)));
                parts.push((Part::Traceback, failure_lines(outcome)));
            }
            parts
        }
        Body::Gallery(gallery) => vec![(Part::Source, gallery_lines(gallery))],
        Body::Show(show) => vec![(Part::Source, typed_lines(&show.path))],
        Body::Cell(cell) => {
            let (head, tail) = held(&cell.output);
            let mut parts = vec![
                (Part::Source, typed_lines(&cell.source)),
                (Part::Head, output_lines(&head)),
                (Part::Tail, output_lines(&tail)),
            ];
            if let Some(outcome) = cell.outcome() {
                if let Some(result) = &outcome.result {
                    parts.push((Part::Result, result_lines(result)));
                }
                parts.push((Part::Traceback, traceback_lines(&outcome.status)));
            }
            parts
        }
    }
}

/// The source in colour, the prompt, or the path of a picture.
pub(super) fn source_lines(entry: &Entry) -> Vec<Line> {
    let cell = match &entry.body {
        Body::Cell(cell) => cell,
        Body::Image(image) => return typed_lines(&image.request.prompt),
        Body::Call(call) => return call_lines(call),
        Body::Gallery(gallery) => return gallery_lines(gallery),
        Body::Show(show) => return typed_lines(&show.path),
    };
    let mut writer = LineWriter::new(4, LINE_CHARACTERS);
    let mut at = 0;
    for (range, role) in highlight(cell.language, &cell.source) {
        let (Some(before), Some(named)) = (
            cell.source.get(at..range.start),
            cell.source.get(range.clone()),
        ) else {
            continue;
        };
        writer.push(Role::Text, &with_visible_controls(before));
        writer.push(role, &with_visible_controls(named));
        at = range.end;
    }
    let rest = cell.source.get(at..).unwrap_or_default();
    writer.push(Role::Text, &with_visible_controls(rest.trim_end()));
    or_empty_line(writer.finish())
}

/// What was typed, without colours.
fn typed_lines(text: &str) -> Vec<Line> {
    let mut writer = LineWriter::new(4, LINE_CHARACTERS);
    writer.push(Role::Text, &with_visible_controls(text.trim_end()));
    or_empty_line(writer.finish())
}

/// Which tool, with what: on one line, cut.
fn call_lines(call: &CallBody) -> Vec<Line> {
    let name = sanitize(&call.call.name).replace('\n', " ");
    let arguments = call.call.arguments.to_string();
    let end = arguments.floor_char_boundary(ARGUMENT_BYTES);
    let more = if end < arguments.len() { "…" } else { "" };
    let arguments = arguments.get(..end).unwrap_or_default();
    let mut writer = LineWriter::new(4, LINE_CHARACTERS);
    writer.push(Role::SyntaxFunction, &name);
    if arguments != "{}" {
        writer.push(
            Role::Text,
            &with_visible_controls(&format!(" {arguments}{more}")),
        );
    }
    or_empty_line(writer.finish())
}

/// Shorter JSON is not spread over lines, in characters.
const ONE_LINE: usize = 40;

/// The text of a result.
pub(super) fn called_lines(outcome: &CallOutcome) -> Vec<Line> {
    let mut lines = Vec::new();
    for content in &outcome.content {
        let mut writer = LineWriter::new(8, LINE_CHARACTERS);
        match content {
            ToolContent::Text { text } => writer.push(Role::Text, text.trim_end_matches('\n')),
            ToolContent::Json { value } => {
                let short = value.to_string();
                let text = if short.chars().count() <= ONE_LINE {
                    short
                } else {
                    format!("{value:#}")
                };
                writer.push(Role::Result, &text);
            }
            ToolContent::Blob {
                blob,
                media_type,
                size_bytes,
            } => {
                let size = super::text::bytes(*size_bytes);
                writer.push(Role::Dim, &format!("{media_type} · {size} · {blob}"));
            }
            // Shown as what it is.
            ToolContent::Image { .. } => continue,
        }
        lines.append(&mut writer.finish());
    }
    lines
}

/// Why there is no result: what happened, and all that is wrong with the arguments.
pub(super) fn failure_lines(outcome: &CallOutcome) -> Vec<Line> {
    let CallStatus::Failed { message, .. } = &outcome.status else {
        return Vec::new();
    };
    let mut writer = LineWriter::new(4, LINE_CHARACTERS);
    writer.push(Role::Error, message.trim_end());
    or_empty_line(writer.finish())
}

fn gallery_lines(gallery: &GalleryBody) -> Vec<Line> {
    let words = match gallery.words.as_str() {
        "" => "all pictures",
        words => words,
    };
    typed_lines(words)
}

/// The beginning and the end of the output. If nothing was left out between, the beginning is all
/// of it.
pub(super) fn held(output: &OutputExcerpt) -> (Vec<&StreamText>, Vec<&StreamText>) {
    let mut head: Vec<&StreamText> = output.head.iter().collect();
    let mut tail: Vec<&StreamText> = output.tail.iter().collect();
    if output.is_whole() {
        head.append(&mut tail);
    }
    (head, tail)
}

/// Output; what went to standard error has its role.
pub(super) fn output_lines(pieces: &[&StreamText]) -> Vec<Line> {
    let mut writer = LineWriter::new(8, LINE_CHARACTERS);
    for piece in pieces {
        writer.push(role_of(piece.stream), &piece.text);
    }
    writer.finish()
}

/// The first lines of output, cut to so many characters; no more of it is looked at.
pub(super) fn first_lines(pieces: &[&StreamText], count: usize, cap: usize) -> Vec<Line> {
    let mut writer = LineWriter::new(8, cap);
    let mut left = count;
    for piece in pieces {
        if left == 0 {
            break;
        }
        let end = piece.text.match_indices('\n').nth(left - 1);
        let text = &piece.text[..end.map_or(piece.text.len(), |(at, _)| at + 1)];
        left -= newlines(text).min(left);
        writer.push(role_of(piece.stream), text);
    }
    let mut lines = writer.finish();
    lines.truncate(count);
    lines
}

/// The last lines of output with the number of the first of them; no more of it is looked at,
/// so colours that were switched on before do not show.
pub(super) fn last_lines(pieces: &[&StreamText], count: usize, cap: usize) -> (usize, Vec<Line>) {
    let total: usize = pieces.iter().map(|piece| newlines(&piece.text)).sum();
    let ends_open = pieces
        .last()
        .is_some_and(|piece| !piece.text.ends_with('\n'));
    let total = total + usize::from(ends_open);
    let mut first = total.saturating_sub(count);
    let at = first;
    let mut writer = LineWriter::new(8, cap);
    for piece in pieces {
        let mut text = piece.text.as_str();
        if first > 0 {
            let in_piece = newlines(text);
            if in_piece < first {
                first -= in_piece;
                continue;
            }
            let end = text.match_indices('\n').nth(first - 1);
            text = &text[end.map_or(text.len(), |(at, _)| at + 1)..];
            first = 0;
        }
        writer.push(role_of(piece.stream), text);
    }
    (at, writer.finish())
}

/// All lines that were printed, those that are not held too.
pub(super) fn total_lines(output: &OutputExcerpt) -> u64 {
    let pieces = || output.head.iter().chain(&output.tail);
    let held: usize = pieces().map(|piece| newlines(&piece.text)).sum();
    let ends_open = pieces()
        .last()
        .is_some_and(|piece| !piece.text.ends_with('\n'));
    held as u64 + output.omitted_lines + u64::from(ends_open)
}

/// The value.
pub(super) fn result_lines(result: &str) -> Vec<Line> {
    let mut writer = LineWriter::new(8, LINE_CHARACTERS);
    writer.push(Role::Result, result);
    or_empty_line(writer.finish())
}

/// The traceback: where it went through is dim, what happened is not.
pub(super) fn traceback_lines(status: &Status) -> Vec<Line> {
    let Status::Error {
        ename,
        evalue,
        traceback,
    } = status
    else {
        return Vec::new();
    };
    let mut writer = LineWriter::new(8, LINE_CHARACTERS);
    if traceback.trim().is_empty() {
        writer.push(Role::Error, &format!("{ename}: {evalue}"));
    }
    for line in traceback.trim_end().split_inclusive('\n') {
        writer.push(traceback_role(line), line);
    }
    writer.finish()
}

fn traceback_role(line: &str) -> Role {
    let text = line.trim();
    let is_place = text.starts_with("File \"") || text.starts_with("at ");
    if is_place || text.starts_with("Traceback (most recent") || text.starts_with("[Previous line")
    {
        Role::Dim
    } else if line.starts_with("    ") && !text.trim_matches(['^', '~', ' ']).is_empty() {
        Role::Text
    } else {
        Role::Error
    }
}

fn role_of(stream: Stream) -> Role {
    match stream {
        Stream::Stdout => Role::Text,
        Stream::Stderr => Role::Stderr,
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

/// What is typed or pasted has no colours and overwrites nothing: every control byte is seen.
pub(super) fn with_visible_controls(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c < ' ' && c != '\n' && c != '\t';
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let picture = |c: char| char::from_u32(0x2400 + u32::from(c)).unwrap_or(c);
    let text = text.replace("\r\n", "\n");
    Cow::Owned(
        text.chars()
            .map(|c| if acts(c) { picture(c) } else { c })
            .collect(),
    )
}

fn or_empty_line(mut lines: Vec<Line>) -> Vec<Line> {
    if lines.is_empty() {
        lines.push(Vec::new());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<String> {
        let text = |line: &Line| line.iter().map(|run| run.text.as_str()).collect();
        lines.iter().map(text).collect()
    }

    fn pieces(texts: &[(Stream, &str)]) -> Vec<StreamText> {
        let piece = |&(stream, text): &(Stream, &str)| StreamText {
            stream,
            text: text.to_owned(),
        };
        texts.iter().map(piece).collect()
    }

    #[test]
    fn ends_are_the_ends_of_the_whole() {
        let all = pieces(&[
            (Stream::Stdout, "a\nb"),
            (Stream::Stderr, "c\nd\n"),
            (Stream::Stdout, "e\nf"),
        ]);
        let all: Vec<&StreamText> = all.iter().collect();
        let whole = output_lines(&all);
        assert_eq!(texts(&whole), ["a", "bc", "d", "e", "f"]);
        for count in 0..7 {
            let shown = count.min(whole.len());
            assert_eq!(
                first_lines(&all, count, 99),
                whole[..shown],
                "first {count}"
            );
            let (at, last) = last_lines(&all, count, 99);
            assert_eq!(at, whole.len() - shown);
            // A piece that is cut is cut at a line's start, so streams are told rightly.
            assert_eq!(texts(&last), texts(&whole[at..]), "last {count}");
        }
    }

    #[test]
    fn control_bytes_of_a_source_are_seen() {
        assert_eq!(with_visible_controls("a\r\nb\rc\u{1b}[31m"), "a\nb␍c␛[31m");
    }

    #[test]
    fn a_traceback_tells_places_from_what_happened() {
        let roles: Vec<Role> = [
            "Traceback (most recent call last):\n",
            "  File \"<cell 1>\", line 1, in <module>\n",
            "    1 / 0\n",
            "    ~~^~~\n",
            "ZeroDivisionError: division by zero\n",
            "    at foo (<cell 2>:1:7)\n",
        ]
        .iter()
        .map(|line| traceback_role(line))
        .collect();
        assert_eq!(
            roles,
            [
                Role::Dim,
                Role::Dim,
                Role::Text,
                Role::Error,
                Role::Error,
                Role::Dim
            ]
        );
    }
}
