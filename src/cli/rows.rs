//! Words with texts beside them, and tables: as wide as the terminal, safe for it.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::sanitize::sanitize;

/// Longer lines are hard to read, however wide the terminal is.
const MAX_COLUMNS: usize = 110;
const MIN_COLUMNS: usize = 30;

/// How many columns there are; none where nobody reads along: a pipe or a file.
pub(super) fn columns(out: &(impl AsFd + IsTerminal)) -> Option<usize> {
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(out).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

/// A line for each word with its text, each behind a line break. Texts are wrapped, and made safe.
pub(super) fn render(rows: &[(String, String)], columns: Option<usize>) -> String {
    let keys: Vec<_> = rows
        .iter()
        .map(|(key, _)| sanitize(key).replace(['\n', '\t'], " "))
        .collect();
    let widest = keys
        .iter()
        .map(|key| key.width())
        .filter(|&width| width <= 20);
    let indent = 2 + widest.max().unwrap_or_default() + 2;
    let room = columns.map(|columns| {
        columns
            .clamp(MIN_COLUMNS, MAX_COLUMNS)
            .saturating_sub(indent)
    });
    let mut text = String::new();
    for (key, (_, value)) in keys.iter().zip(rows) {
        let _ = write!(text, "\n  {key}");
        let mut at = 2 + key.width();
        if at + 1 > indent {
            text.push('\n');
            at = 0;
        }
        for line in wrapped(&sanitize(value.trim()), room) {
            let _ = writeln!(text, "{:1$}{line}", "", indent - at.min(indent));
            at = 0;
        }
        text.truncate(text.trim_end().len());
    }
    text
}

/// A table: columns are as wide as they have to be. The last ones are left out where there is no
/// room for them, and then the first one is cut.
pub(super) fn table(rows: &[Vec<String>], columns: Option<usize>) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let safe: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| sanitize(cell).replace(['\n', '\t'], " "))
                .collect()
        })
        .collect();
    let mut widths: Vec<usize> = (0..count)
        .map(|column| {
            let cells = safe.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or_default()
        })
        .collect();
    let total =
        |widths: &[usize]| widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    if let Some(columns) = columns.map(|columns| columns.max(MIN_COLUMNS)) {
        while widths.len() > 3 && total(&widths) > columns {
            widths.pop();
        }
        let over = total(&widths).saturating_sub(columns);
        if let Some(first) = widths.first_mut() {
            *first = first.saturating_sub(over).max(8);
        }
    }
    let mut text = String::new();
    for row in &safe {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&widths) {
            let cell = cut(cell, width);
            let gap = if line.is_empty() { "" } else { "  " };
            let _ = write!(
                line,
                "{gap}{cell}{:1$}",
                "",
                width - cell.width().min(width)
            );
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The start of a text, with a sign that more follows.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut start = String::new();
    let mut left = columns.saturating_sub(1);
    for c in text.chars() {
        let width = c.width().unwrap_or_default();
        if width > left {
            break;
        }
        left -= width;
        start.push(c);
    }
    start.push('…');
    start
}

/// Breaks lines between words; inside of a word only if it is longer than a line.
fn wrapped(text: &str, columns: Option<usize>) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let Some(columns) = columns.filter(|&columns| line.width() > columns) else {
            lines.push(line.trim_end().to_owned());
            continue;
        };
        let mut current = String::new();
        for word in line.split(' ') {
            let gap = usize::from(!current.is_empty());
            if gap + current.width() + word.width() <= columns {
                current.push_str(if gap == 1 { " " } else { "" });
                current.push_str(word);
                continue;
            }
            if !current.is_empty() {
                lines.push(std::mem::take(&mut current));
            }
            for c in word.chars() {
                if current.width() + c.width().unwrap_or_default() > columns {
                    lines.push(std::mem::take(&mut current));
                }
                current.push(c);
            }
        }
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_wrapped_and_safe() {
        let rows = [
            (
                "prompt".to_owned(),
                "one two three four five six seven\u{1b}[2J".to_owned(),
            ),
            ("x".to_owned(), "a".repeat(50)),
        ];
        let text = render(&rows, Some(30));
        assert!(text.lines().all(|line| line.width() <= 30), "{text}");
        assert!(text.contains("\n          five six"), "{text}");
        assert!(!text.contains('\u{1b}'));
        assert_eq!(render(&rows, None).lines().count(), 3);
    }

    #[test]
    fn a_table_fits() {
        let row = |cells: &[&str]| {
            cells
                .iter()
                .map(|&cell| cell.to_owned())
                .collect::<Vec<_>>()
        };
        let rows = [
            row(&["NAME", "FAMILY", "SIZE", "WHERE"]),
            row(&["a-name-that-is-rather-long", "SD 1.x", "19 MiB", "bundled"]),
        ];
        let text = table(&rows, Some(40));
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        assert!(
            !text.contains("bundled") && text.contains("19 MiB"),
            "{text}"
        );
        assert!(table(&rows, Some(30)).contains('…'));
        assert!(table(&rows, None).contains("bundled"));
    }
}
