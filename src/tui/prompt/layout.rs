//! Where letters stand: wrapping, tabs, wide letters, and letters that must not reach the
//! terminal as they are.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns between tab stops.
const TAB: usize = 4;

/// A letter as it is drawn.
pub(super) struct Glyph<'a> {
    /// First byte, in the line.
    pub offset: usize,
    /// What is drawn: a grapheme, or the name of something that can't be shown.
    pub shown: Cow<'a, str>,
    /// Columns.
    pub width: usize,
    /// Whether `shown` only names the letter: `^C`, `<200b>`.
    pub is_name: bool,
}

/// The letters of a row: no line ends in `text`. Tabs are counted from the row's start.
pub(super) fn glyphs(text: &str) -> impl Iterator<Item = Glyph<'_>> {
    let mut column = 0;
    graphemes(text).map(move |(offset, grapheme)| {
        let glyph = glyph(offset, grapheme, column);
        column += glyph.width;
        glyph
    })
}

/// Graphemes with their places. Letters of ASCII between others of it are told without a look
/// at the tables, which is what most of a long text is.
fn graphemes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let offset = at;
        let first = *bytes.get(at)?;
        let is_alone = first.is_ascii() && bytes.get(at + 1).is_none_or(u8::is_ascii);
        at += if is_alone {
            1
        } else {
            text[at..].graphemes(true).next().map_or(1, str::len)
        };
        Some((offset, &text[offset..at]))
    })
}

fn glyph(offset: usize, grapheme: &str, column: usize) -> Glyph<'_> {
    let (shown, is_name) = match grapheme.as_bytes() {
        [b'\t'] => (Cow::Owned(" ".repeat(TAB - column % TAB)), false),
        [byte @ (0..=0x1f | 0x7f)] => (Cow::Owned(format!("^{}", char::from(byte ^ 0x40))), true),
        [0x20..=0x7e] => (Cow::Borrowed(grapheme), false),
        _ if grapheme.chars().any(is_unshowable) => {
            let name = |c: char| {
                if is_unshowable(c) {
                    format!("<{:x}>", u32::from(c))
                } else {
                    c.to_string()
                }
            };
            (Cow::Owned(grapheme.chars().map(name).collect()), true)
        }
        // A mark with nothing to stand on gets a circle.
        _ if grapheme.width() == 0 => (Cow::Owned(format!("◌{grapheme}")), true),
        _ => (Cow::Borrowed(grapheme), false),
    };
    Glyph {
        offset,
        width: shown.width(),
        shown,
        is_name,
    }
}

/// Controls, and letters that change the order of others or can't be seen.
fn is_unshowable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'
                ..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
        || c == '\u{61c}'
}

/// Where the rows of a line begin, in bytes, if it is wrapped to `width` columns: one row at
/// least.
pub(super) fn wrap(line: &str, width: usize) -> Vec<usize> {
    let width = width.max(1);
    let mut starts = vec![0];
    // A pasted megabyte is mostly this: no need to look at each letter.
    if line.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        starts.extend(
            (1..)
                .map(|row| row * width)
                .take_while(|at| *at < line.len()),
        );
        return starts;
    }
    let mut column = 0;
    for (offset, grapheme) in graphemes(line) {
        let mut letter = glyph(offset, grapheme, column);
        if column > 0 && column + letter.width > width {
            starts.push(offset);
            letter = glyph(offset, grapheme, 0);
            column = 0;
        }
        column += letter.width;
    }
    starts
}

/// Columns of a row.
pub(super) fn width(row: &str) -> usize {
    glyphs(row).map(|glyph| glyph.width).sum()
}

/// A text on one row of at most `columns`: line ends as `⏎`, tabs and indentation as one space,
/// what is too long as `…`. Each piece comes with the place of its grapheme in the text.
pub(super) fn one_line(text: &str, columns: usize) -> Vec<(usize, String)> {
    let mut pieces: Vec<(usize, String)> = Vec::new();
    let mut used = 0;
    let mut after_space = true;
    for (index, grapheme) in text.graphemes(true).enumerate() {
        let is_end = matches!(grapheme, "\n" | "\r\n" | "\r");
        let piece = if is_end {
            after_space = true;
            Cow::Borrowed("⏎")
        } else if grapheme.trim().is_empty() {
            if std::mem::replace(&mut after_space, true) {
                continue;
            }
            Cow::Borrowed(" ")
        } else {
            after_space = false;
            glyph(0, grapheme, 0).shown
        };
        let width = piece.width();
        if used + width > columns {
            while used + 1 > columns {
                let Some((_, last)) = pieces.pop() else { break };
                used -= last.width();
            }
            pieces.push((usize::MAX, "…".to_owned()));
            break;
        }
        used += width;
        pieces.push((index, piece.into_owned()));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wrap_where_letters_fit() {
        let check = |line: &str, width: usize, rows: &[&str]| {
            let starts = wrap(line, width);
            let ends = starts.iter().skip(1).copied().chain([line.len()]);
            let found: Vec<&str> = starts.iter().zip(ends).map(|(&s, e)| &line[s..e]).collect();
            assert_eq!(found, rows);
        };
        check("", 4, &[""]);
        check("abcdef", 4, &["abcd", "ef"]);
        check("abcd", 4, &["abcd"]);
        check("abc日本", 4, &["abc", "日本"]);
        check(
            "e\u{301}e\u{301}e\u{301}",
            2,
            &["e\u{301}e\u{301}", "e\u{301}"],
        );
        check("a\tb\tc", 6, &["a\tb", "\tc"]);
        check("日", 1, &["日"]);
    }

    #[test]
    fn nothing_raw_is_shown() {
        let shown = |text: &str| {
            glyphs(text)
                .map(|g| g.shown.into_owned())
                .collect::<String>()
        };
        assert_eq!(shown("a\tb\u{1b}[31m"), "a   b^[[31m");
        assert_eq!(
            shown("\u{7f}\u{9b}\u{202e}x\u{200b}"),
            "^?<9b><202e>x<200b>"
        );
        assert_eq!(shown("\u{301}"), "◌\u{301}");
        assert_eq!(width("日本 é"), 6);
    }

    #[test]
    fn many_lines_become_one() {
        let shown = |text: &str, columns| {
            one_line(text, columns)
                .into_iter()
                .map(|(_, piece)| piece)
                .collect::<String>()
        };
        assert_eq!(shown("def f():\n    return 1", 40), "def f():⏎return 1");
        assert_eq!(shown("abcdef", 4), "abc…");
        assert_eq!(shown("日本語", 4), "日…");
    }
}
