//! What an uncaught error looks like.

use super::source::SyntaxError;
use crate::kernel::{Ending, ExecuteMode};

/// What was thrown and not caught.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Thrown {
    /// The class.
    pub name: String,
    /// The message.
    pub message: String,
    /// `inspect` of it: with its stack, if it is an error.
    pub text: String,
    /// The innermost place in the user's code.
    pub place: Option<Place>,
    /// It is an `Error`, not just any value.
    pub is_error: bool,
}

/// A place in a file, counted from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file's name.
    pub file: String,
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// It is where the parser stopped: the code has not run.
    pub is_parse: bool,
}

/// The name of a cell's or a program's file.
pub(super) fn file_name(mode: &ExecuteMode) -> String {
    match mode {
        ExecuteMode::Cell { execution_count } => format!("<cell {execution_count}>"),
        ExecuteMode::Program { name, .. } => name.clone(),
        ExecuteMode::Tool { name } => format!("<tool {name}>"),
    }
}

/// The ending of a text that did not parse.
pub(super) fn syntax_error(error: &SyntaxError, source: &str, mode: &ExecuteMode) -> Ending {
    let offset = source.floor_char_boundary(error.offset);
    let before = source.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    let marked = source.get(offset..).unwrap_or_default();
    let marked = marked.lines().next().unwrap_or_default();
    let carets = marked
        .char_indices()
        .take_while(|&(at, _)| at < error.len)
        .count();
    let place = Place {
        file: file_name(mode),
        line,
        column,
        is_parse: true,
    };
    Ending::Error {
        ename: "SyntaxError".to_owned(),
        evalue: error.message.clone(),
        traceback: format!(
            "{}{}SyntaxError: {}\n",
            excerpt(&place, source, carets.max(1)),
            prefix(mode),
            error.message
        ),
    }
}

/// The ending of code that threw.
pub(super) fn uncaught(thrown: Thrown, source: &str, mode: &ExecuteMode) -> Ending {
    let is_program = matches!(mode, ExecuteMode::Program { .. });
    let excerpt = thrown
        .place
        .filter(|place| (is_program || place.is_parse) && place.file == file_name(mode))
        .map(|place| excerpt(&place, source, 1))
        .unwrap_or_default();
    let prefix = if thrown.is_error {
        prefix(mode)
    } else {
        "Uncaught "
    };
    Ending::Error {
        ename: thrown.name,
        evalue: thrown.message,
        traceback: format!("{excerpt}{prefix}{}\n", thrown.text),
    }
}

/// Node's REPL says that nobody caught it; a program's end says so by itself.
fn prefix(mode: &ExecuteMode) -> &'static str {
    match mode {
        ExecuteMode::Cell { .. } => "Uncaught ",
        ExecuteMode::Program { .. } | ExecuteMode::Tool { .. } => "",
    }
}

/// File and line, the line's text, carets under the place, and a blank line.
fn excerpt(place: &Place, source: &str, carets: usize) -> String {
    // A line that nobody can read in a terminal isn't shown.
    const MAX_COLUMNS: usize = 400;
    let text = source.lines().nth(place.line - 1).unwrap_or_default();
    let heading = format!("{}:{}\n", place.file, place.line);
    if text.trim().is_empty() {
        return String::new();
    }
    if text.chars().count() > MAX_COLUMNS {
        return heading + "\n";
    }
    let indent: String = text
        .chars()
        .take(place.column - 1)
        .map(|char| if char == '\t' { '\t' } else { ' ' })
        .collect();
    format!("{heading}{text}\n{indent}{}\n\n", "^".repeat(carets))
}
