//! Rows of the transcript: what a layout is made of.
//!
//! Rows carry roles instead of colours, so that a change of theme lays nothing out again.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::content::{Line, Part};
use crate::protocol::{Artifact, Timestamp};
use crate::sanitize::Run;
use crate::tui::theme::Role;

/// How much of an entry is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Long parts show their beginning and end.
    #[default]
    Auto,
    /// Everything is shown that is held.
    Open,
    /// Output is hidden, and of the rest a line is left.
    Closed,
}

/// Tells how many columns and rows a picture takes, given the most that there is.
pub(crate) type PictureSize<'a> = &'a dyn Fn(&Artifact, u16, u16) -> (u16, u16);

/// What a layout depends on, besides the entry.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub columns: Columns,
    /// Rows that a picture may take.
    pub picture_rows: u16,
    pub picture_size: PictureSize<'a>,
    pub fold: Fold,
}

/// How the width is shared out: `│label glyph content  │`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// The label's, right-aligned after one column for the bar of the selected cell; 0 if there
    /// is no room for labels.
    pub label: usize,
    /// Where the content begins.
    pub content_at: usize,
    /// The content's.
    pub content: usize,
}

impl Columns {
    /// Below this width there are no labels.
    const LABELS_FROM: u16 = 36;

    /// `execution_count` is the greatest that has to fit.
    pub fn new(width: u16, execution_count: u64) -> Self {
        let digits = execution_count.max(10).ilog10() as usize + 1;
        let label = if width < Self::LABELS_FROM {
            0
        } else {
            "Out[]".len() + digits
        };
        let content_at = match label {
            0 => 3,
            label => 1 + label + 3,
        };
        Self {
            label,
            content_at,
            // One column of air, one for the scroll mark.
            content: usize::from(width).saturating_sub(content_at + 2).max(4),
        }
    }
}

/// An entry, laid out.
#[derive(Debug, Default)]
pub(super) struct Laid {
    pub rows: Vec<Row>,
    /// The pictures, over rows that are empty.
    pub pictures: Vec<LaidPicture>,
    /// Whether something is hidden that [`Fold::Open`] would show.
    pub is_folded: bool,
}

/// Where a picture goes.
#[derive(Debug)]
pub(super) struct LaidPicture {
    pub artifact: Artifact,
    /// Its first row.
    pub row: usize,
    /// Its first column, from the content's first.
    pub column: u16,
    /// Its width.
    pub columns: u16,
    /// Its height.
    pub rows: u16,
}

#[derive(Debug, Default)]
pub(super) struct Row {
    pub mark: Mark,
    pub content: Content,
}

/// What stands before the content.
#[derive(Debug, Default)]
pub(super) struct Mark {
    pub label: Cow<'static, str>,
    pub label_role: Role,
    pub glyph: &'static str,
    pub role: Role,
}

#[derive(Debug, Default)]
pub(super) enum Content {
    /// Nothing, or a picture.
    #[default]
    Blank,
    /// Text, and the place in the transcript where it is from.
    Text(Vec<Run<Role>>, Option<Origin>),
    /// What it costs so far; drawn anew for every frame.
    Elapsed { since: Timestamp },
    /// What is not shown; the keys that show it are added to each frame.
    Hidden(String),
    /// A picture that loads.
    Loading { since: Timestamp },
}

/// Where a row's text is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub part: Part,
    /// Counted from 0 in its part.
    pub line: usize,
    /// The row's first byte in that line.
    pub start: usize,
}

/// Breaks a line into rows of at most `width` columns; with each its first byte in the line.
pub(super) fn wrap(line: &Line, width: usize) -> Vec<(usize, Line)> {
    let mut rows: Vec<(usize, Line)> = vec![(0, Vec::new())];
    let (mut used, mut at) = (0, 0);
    for run in line {
        let mut from = 0;
        let cut = |from: &mut usize, to: usize, rows: &mut Vec<(usize, Line)>| {
            if to > *from
                && let Some((_, row)) = rows.last_mut()
            {
                row.push(Run {
                    text: run.text[*from..to].to_owned(),
                    ..*run
                });
            }
            *from = to;
        };
        let mut place = |here: usize, columns: usize, from: &mut usize| {
            if used + columns > width && used > 0 {
                cut(from, here, &mut rows);
                rows.push((at + here, Vec::new()));
                used = 0;
            }
            used += columns;
        };
        if run.text.is_ascii() {
            (0..run.text.len()).for_each(|here| place(here, 1, &mut from));
        } else {
            for (here, grapheme) in run.text.grapheme_indices(true) {
                place(here, grapheme.width(), &mut from);
            }
        }
        cut(&mut from, run.text.len(), &mut rows);
        at += run.text.len();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::layout::run;
    use super::*;

    #[test]
    fn lines_are_broken_by_columns() {
        let texts = |text: &str, width| -> Vec<(usize, String)> {
            wrap(&run(Role::Text, text), width)
                .into_iter()
                .map(|(start, runs)| (start, runs.into_iter().map(|run| run.text).collect()))
                .collect()
        };
        assert_eq!(texts("", 4), [(0, String::new())]);
        assert_eq!(texts("abcd", 4), [(0, "abcd".into())]);
        assert_eq!(texts("abcdef", 4), [(0, "abcd".into()), (4, "ef".into())]);
        assert_eq!(texts("a日本", 4), [(0, "a日".into()), (4, "本".into())]);
        assert_eq!(
            texts("e\u{301}xyz", 2),
            [(0, "e\u{301}x".into()), (4, "yz".into())]
        );
    }

    #[test]
    fn runs_keep_their_styles_over_a_break() {
        let mut line = run(Role::Text, "abc");
        line.append(&mut run(Role::Stderr, "def"));
        let rows = wrap(&line, 2);
        let tags: Vec<Vec<(Role, &str)>> = rows
            .iter()
            .map(|(_, runs)| {
                runs.iter()
                    .map(|run| (run.tag, run.text.as_str()))
                    .collect()
            })
            .collect();
        assert_eq!(
            tags,
            [
                vec![(Role::Text, "ab")],
                vec![(Role::Text, "c"), (Role::Stderr, "d")],
                vec![(Role::Stderr, "ef")],
            ]
        );
    }

    #[test]
    fn labels_give_way_on_narrow_screens() {
        assert_eq!(Columns::new(80, 1), Columns::new(80, 99));
        assert_eq!(
            Columns::new(80, 100).content_at,
            Columns::new(80, 1).content_at + 1
        );
        assert_eq!(Columns::new(30, 1).label, 0);
        assert!(Columns::new(1, 1).content > 0);
    }
}
