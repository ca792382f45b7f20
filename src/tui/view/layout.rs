//! Rows of one entry of the transcript.
//!
//! Rows carry roles instead of colours, so that a change of theme lays nothing out again.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::content::{self, Line, Part};
use super::text;
use crate::protocol::{Artifact, Cost, Outcome, OutputExcerpt, Status, Timestamp};
use crate::sanitize::{Run, sanitize};
use crate::session::{Body, CellBody, Entry, Phase, ShowBody};
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
    /// The first row of a picture and its columns and rows.
    pub picture: Option<(usize, u16, u16)>,
    /// Whether something is hidden that [`Fold::Open`] would show.
    pub is_folded: bool,
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

/// Lays an entry out. The last row is empty: it keeps entries apart.
pub(super) fn lay_out(entry: &Entry, frame: Frame<'_>) -> Laid {
    let mut rows = Rows {
        laid: Laid::default(),
        width: frame.columns.content,
        fold: frame.fold,
    };
    match &entry.body {
        Body::Cell(cell) => rows.cell(cell),
        Body::Show(show) => rows.show(show, entry.submitted_at, frame),
    }
    rows.push(Mark::default(), Content::Blank);
    rows.laid
}

/// Lines shown of a long part.
struct Ends {
    /// Parts of at most so many lines are shown whole.
    whole: usize,
    first: usize,
    last: usize,
}

/// Rows of one entry while they are written.
struct Rows {
    laid: Laid,
    width: usize,
    fold: Fold,
}

impl Rows {
    fn cell(&mut self, cell: &CellBody) {
        self.source(cell);
        self.output(&cell.output);
        match &cell.phase {
            Phase::Queued => self.note(Role::Dim, "queued"),
            Phase::Running { since, asks } => {
                if let Some(question) = asks {
                    self.question(question);
                }
                self.push(Mark::default(), Content::Elapsed { since: *since });
            }
            Phase::Done(outcome) => self.outcome(cell, outcome),
        }
    }

    fn source(&mut self, cell: &CellBody) {
        let label = match cell.execution_count {
            Some(count) => format!("{} {count}", cell.language.short()),
            None => cell.language.short().to_owned(),
        };
        let lines = content::source_lines(cell);
        let ends = self.ends(30, 16, 6, (2, 0));
        let mut label = Some(label);
        self.part(Part::Source, &lines, &ends, |line| {
            match (line, label.take()) {
                (0, Some(label)) => Mark {
                    label: label.into(),
                    label_role: Role::Prompt,
                    glyph: "❯",
                    role: Role::Prompt,
                },
                _ => mark("·", Role::PromptContinuation),
            }
        });
    }

    fn output(&mut self, output: &OutputExcerpt) {
        if output.is_empty() {
            return;
        }
        let ends = self.ends(20, 8, 8, (0, 0));
        let total = content::total_lines(output);
        if total <= ends.whole as u64 && output.is_whole() {
            let lines = content::output_lines(&output.head);
            self.lines(Part::Head, 0, &lines, stream_mark);
        } else if self.fold == Fold::Open {
            let lines = content::output_lines(&output.head);
            self.lines(Part::Head, 0, &lines, stream_mark);
            if !output.is_whole() {
                let lines = text::plural(output.omitted_lines, "line");
                let size = text::bytes(output.omitted_bytes);
                self.hidden(&format!("{lines}, {size} · ctrl-o opens all"));
            }
            let lines = content::output_lines(&output.tail);
            self.lines(Part::Tail, 0, &lines, stream_mark);
        } else {
            // Only what is shown is looked at: this is the road of a flood.
            let first = content::first_lines(&output.head, ends.first);
            let (part, pieces) = if output.tail.is_empty() {
                (Part::Head, &output.head)
            } else {
                (Part::Tail, &output.tail)
            };
            let (at, last) = content::last_lines(pieces, ends.last);
            let hidden = total.saturating_sub((first.len() + last.len()) as u64);
            self.lines(Part::Head, 0, &first, stream_mark);
            self.laid.is_folded = true;
            self.hidden_lines(hidden, ends.first + ends.last > 0);
            self.lines(part, at, &last, stream_mark);
        }
    }

    fn question(&mut self, question: &str) {
        let question = sanitize(question);
        let text = format!("asks: {}", question.trim_end());
        for (at, line) in text.lines().take(4).enumerate() {
            let glyph = if at == 0 { "?" } else { "" };
            self.wrap(&run(Role::Accent, line), None, mark(glyph, Role::Accent));
        }
    }

    fn outcome(&mut self, cell: &CellBody, outcome: &Outcome) {
        if let Some(result) = &outcome.result {
            let lines = content::result_lines(result);
            let ends = self.ends(20, 8, 8, (1, 0));
            let count = cell.execution_count.unwrap_or_default();
            let mut label = Some(format!("Out[{count}]"));
            self.part(Part::Result, &lines, &ends, |_| match label.take() {
                Some(label) => Mark {
                    label: label.into(),
                    label_role: Role::Result,
                    glyph: "=",
                    role: Role::Result,
                },
                None => Mark::default(),
            });
        }
        let cost = cost(&outcome.cost);
        let lost = |variables_lost: bool| match variables_lost {
            true => " · kernel restarted, variables lost",
            false => "",
        };
        match &outcome.status {
            Status::Ok => self.note(Role::Dim, &cost),
            Status::Error { .. } => {
                let lines = content::traceback_lines(&outcome.status);
                let ends = self.ends(60, 12, 24, (0, 1));
                let mut first = true;
                self.part(Part::Traceback, &lines, &ends, |_| {
                    let glyph = if std::mem::take(&mut first) {
                        "✗"
                    } else {
                        ""
                    };
                    mark(glyph, Role::Error)
                });
                self.note(Role::Dim, &cost);
            }
            Status::Exit { code } => {
                let role = if *code == 0 { Role::Dim } else { Role::Warning };
                let glyph = if *code == 0 { "" } else { "!" };
                self.marked_note(glyph, role, &format!("exit code {code}"), &cost);
            }
            Status::Interrupted { variables_lost } => {
                let time = text::duration(outcome.cost.execution_time);
                let what = format!("interrupted after {time}{}", lost(*variables_lost));
                self.marked_note("!", Role::Warning, &what, &memory(&outcome.cost));
            }
            Status::Limit {
                message,
                variables_lost,
                ..
            } => {
                self.message(Role::Warning, "!", message);
                self.note(Role::Dim, &format!("{cost}{}", lost(*variables_lost)));
            }
            Status::Died { message } => {
                self.message(Role::Error, "✗", message);
                self.note(Role::Dim, &cost);
            }
            Status::Dropped => {
                self.note(
                    Role::Dim,
                    "not run: the cell before it failed or was stopped",
                );
            }
        }
    }

    fn show(&mut self, show: &ShowBody, submitted_at: Timestamp, frame: Frame<'_>) {
        let path = content::path_lines(show);
        let mut label = Some("show");
        self.lines(Part::Source, 0, &path, |_, _| match label.take() {
            Some(label) => Mark {
                label: label.into(),
                label_role: Role::Prompt,
                glyph: "❯",
                role: Role::Prompt,
            },
            None => Mark::default(),
        });
        match &show.picture {
            None => self.push(
                Mark::default(),
                Content::Loading {
                    since: submitted_at,
                },
            ),
            Some(Err(message)) => self.message(Role::Error, "✗", message),
            Some(Ok(artifact)) => {
                if self.fold == Fold::Closed {
                    self.laid.is_folded = true;
                } else {
                    let most = u16::try_from(self.width).unwrap_or(u16::MAX);
                    let (columns, rows) = (frame.picture_size)(artifact, most, frame.picture_rows);
                    let (columns, rows) = (columns.min(most), rows.min(frame.picture_rows));
                    self.laid.picture = Some((self.laid.rows.len(), columns, rows));
                    (0..rows).for_each(|_| self.push(Mark::default(), Content::Blank));
                }
                let runs = run(Role::ImageFrame, &caption(artifact));
                self.wrap(&runs, None, Mark::default());
            }
        }
    }

    /// How much to show of a part; `closed` are the first and last lines of a closed one.
    fn ends(&self, whole: usize, first: usize, last: usize, closed: (usize, usize)) -> Ends {
        match self.fold {
            Fold::Auto => Ends { whole, first, last },
            Fold::Open => Ends {
                whole: usize::MAX,
                first,
                last,
            },
            Fold::Closed => Ends {
                whole: closed.0 + closed.1,
                first: closed.0,
                last: closed.1,
            },
        }
    }

    /// Lines of which the middle may be hidden.
    fn part(
        &mut self,
        part: Part,
        lines: &[Line],
        ends: &Ends,
        mut mark: impl FnMut(usize) -> Mark,
    ) {
        if lines.len() <= ends.whole.max(ends.first + ends.last + 1) && self.fold != Fold::Closed
            || lines.len() <= ends.whole
        {
            self.lines(part, 0, lines, |at, _| mark(at));
            return;
        }
        let last_at = lines.len() - ends.last;
        self.lines(part, 0, &lines[..ends.first], |at, _| mark(at));
        self.laid.is_folded = true;
        self.hidden_lines((last_at - ends.first) as u64, true);
        self.lines(part, last_at, &lines[last_at..], |at, _| mark(at));
    }

    /// All of these lines, the first of which has the number `first`.
    fn lines(
        &mut self,
        part: Part,
        first: usize,
        lines: &[Line],
        mut mark: impl FnMut(usize, &Line) -> Mark,
    ) {
        for (at, line) in lines.iter().enumerate() {
            let line_number = first + at;
            let origin = Origin {
                part,
                line: line_number,
                start: 0,
            };
            self.wrap(line, Some(origin), mark(line_number, line));
        }
    }

    fn hidden_lines(&mut self, lines: u64, is_rest: bool) {
        let more = if is_rest { " more" } else { "" };
        let s = if lines == 1 { "" } else { "s" };
        let lines = text::count(lines);
        self.hidden(&format!(
            "{lines}{more} line{s} · Enter or ctrl-o opens all"
        ));
    }

    fn hidden(&mut self, what: &str) {
        let line = text::fit(what, self.width).into_owned();
        let content = Content::Text(run(Role::Dim, &line), None);
        self.push(mark("⋯", Role::Dim), content);
    }

    fn note(&mut self, role: Role, what: &str) {
        if !what.is_empty() {
            self.wrap(&run(role, what), None, Mark::default());
        }
    }

    /// A short sentence, and behind it, or below where there is no room, what it cost.
    fn marked_note(&mut self, glyph: &'static str, role: Role, what: &str, rest: &str) {
        let separate = format!(" · {rest}");
        if rest.is_empty() || text::width(what) + text::width(&separate) > self.width {
            self.message(role, glyph, what);
            self.note(Role::Dim, rest);
            return;
        }
        let mut runs = run(role, what);
        runs.append(&mut run(Role::Dim, &separate));
        self.wrap(&runs, None, mark(glyph, role));
    }

    /// A sentence of ours that may quote untrusted text.
    fn message(&mut self, role: Role, glyph: &'static str, message: &str) {
        let message = sanitize(message);
        for (at, line) in text::wrap_words(message.trim_end(), self.width)
            .iter()
            .enumerate()
        {
            let glyph = if at == 0 { glyph } else { "" };
            self.push(mark(glyph, role), Content::Text(run(role, line), None));
        }
    }

    fn wrap(&mut self, line: &Line, origin: Option<Origin>, mark: Mark) {
        let mut mark = Some(mark);
        for (start, runs) in wrap(line, self.width) {
            let origin = origin.map(|origin| Origin { start, ..origin });
            self.push(mark.take().unwrap_or_default(), Content::Text(runs, origin));
        }
    }

    fn push(&mut self, mark: Mark, content: Content) {
        self.laid.rows.push(Row { mark, content });
    }
}

/// Standard error is told by a mark as well as by its colour.
fn stream_mark(_: usize, line: &Line) -> Mark {
    match line.first() {
        Some(run) if run.tag == Role::Stderr => mark("╎", Role::Stderr),
        _ => Mark::default(),
    }
}

fn mark(glyph: &'static str, role: Role) -> Mark {
    Mark {
        label: Cow::Borrowed(""),
        label_role: Role::Text,
        glyph,
        role,
    }
}

fn run(role: Role, text: &str) -> Line {
    vec![Run {
        tag: role,
        style: crate::sanitize::SgrStyle::default(),
        text: text.to_owned(),
    }]
}

/// `castle.png · 640×480 PNG · 123 KiB`
fn caption(artifact: &Artifact) -> String {
    format!(
        "{} · {}×{} {} · {}",
        sanitize(&artifact.name).replace('\n', "␊"),
        artifact.width,
        artifact.height,
        artifact.media_type.title(),
        text::bytes(artifact.size_bytes),
    )
}

/// `12 ms · 21 MiB`
fn cost(cost: &Cost) -> String {
    let time = text::duration(cost.execution_time);
    match cost.peak_memory_bytes {
        0 => time,
        _ => format!("{time} · {}", memory(cost)),
    }
}

fn memory(cost: &Cost) -> String {
    match cost.peak_memory_bytes {
        0 => String::new(),
        bytes => text::bytes(bytes),
    }
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
