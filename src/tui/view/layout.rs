//! Rows of one entry of the transcript.

use std::borrow::Cow;
use std::time::Duration;

use super::content::{self, Line, Part};
use super::images::Side;
use super::rows::{Content, Fold, Frame, Laid, Mark, Origin, Row, wrap};
use super::text;
use crate::protocol::{Artifact, Cost, Outcome, OutputExcerpt, Status, Timestamp, Variables};
use crate::sanitize::{Run, sanitize};
use crate::session::{Body, CellBody, Entry, Phase, ShowBody};
use crate::tui::theme::Role;

/// Lays an entry out, given the lines of its source, which never change. The last row is empty: it
/// keeps entries apart.
pub(super) fn lay_out(entry: &Entry, source: &[Line], frame: Frame<'_>) -> Laid {
    let mut rows = Rows {
        laid: Laid::default(),
        width: frame.columns.content,
        fold: frame.fold,
    };
    match &entry.body {
        Body::Cell(cell) => rows.cell(cell, source, frame),
        Body::Image(image) => rows.image(image, source, entry.submitted_at, frame),
        Body::Call(call) => rows.call(call, source, entry.submitted_at, frame),
        Body::Gallery(gallery) => rows.gallery(gallery, source, frame),
        Body::Show(show) => rows.show(show, source, entry.submitted_at, frame),
    }
    rows.push(Mark::default(), Content::Blank);
    rows.laid
}

/// Lines shown of a long part.
pub(super) struct Ends {
    /// Parts of at most so many lines are shown whole.
    whole: usize,
    first: usize,
    last: usize,
}

/// Rows of one entry while they are written.
pub(super) struct Rows {
    pub laid: Laid,
    pub width: usize,
    pub fold: Fold,
}

impl Rows {
    fn cell(&mut self, cell: &CellBody, source: &[Line], frame: Frame<'_>) {
        self.source(cell, source);
        self.findings(&cell.findings);
        self.output(&cell.output);
        self.displayed(&cell.displayed, frame);
        match &cell.phase {
            Phase::Queued => self.note(Role::Dim, "queued"),
            Phase::Held(question) => self.held(question),
            Phase::Running {
                since,
                asks,
                progress,
            } => {
                if let Some(question) = asks {
                    self.question(question, &cell.output);
                }
                if let Some(progress) = progress {
                    self.cell_progress(progress);
                }
                self.push(Mark::default(), Content::Elapsed { since: *since });
            }
            Phase::Done(outcome) => self.outcome(cell, outcome),
        }
    }

    fn source(&mut self, cell: &CellBody, lines: &[Line]) {
        let label = cell.label();
        let ends = self.ends(30, 16, 6, (2, 0));
        let mut label = Some(label);
        self.part(Part::Source, lines, &ends, |line| {
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
        let (head, tail) = content::held(output);
        if total <= ends.whole as u64 && output.is_whole() || self.fold == Fold::Open {
            self.lines(Part::Head, 0, &content::output_lines(&head), stream_mark);
            if !output.is_whole() {
                let lines = text::plural(output.omitted_lines, "line");
                let size = text::bytes(output.omitted_bytes);
                self.hidden(format!("{lines}, {size} left out"));
            }
            self.lines(Part::Tail, 0, &content::output_lines(&tail), stream_mark);
        } else {
            // Only what is shown is looked at: this is the road of a flood.
            let first = content::first_lines(&head, ends.first, 2 * self.width);
            let (part, pieces) = if tail.is_empty() {
                (Part::Head, &head)
            } else {
                (Part::Tail, &tail)
            };
            let (at, last) = content::last_lines(pieces, ends.last, 2 * self.width);
            let hidden = total.saturating_sub((first.len() + last.len()) as u64);
            self.short_lines(Part::Head, 0, &first);
            self.laid.is_folded = true;
            self.hidden_lines(hidden, ends.first + ends.last > 0);
            self.short_lines(part, at, &last);
        }
    }

    /// A question that stands at the end of the output is not told twice.
    fn question(&mut self, question: &str, output: &OutputExcerpt) {
        let last = output.tail.last().or(output.head.last());
        let is_printed = last.is_some_and(|piece| piece.text.ends_with(question));
        let question = sanitize(question);
        let text = if is_printed || question.trim().is_empty() {
            "waits for a line of input".to_owned()
        } else {
            format!("asks: {}", question.trim_end())
        };
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
        let fate = |variables: Variables| match variables {
            Variables::Kept => "",
            Variables::RolledBack => " · variables are as before the cell",
            Variables::Lost => " · kernel restarted, variables lost",
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
            Status::Interrupted { variables } => {
                let time = text::duration(outcome.cost.execution_time);
                let what = format!("interrupted after {time}{}", fate(*variables));
                self.marked_note("!", Role::Warning, &what, &memory(&outcome.cost));
            }
            Status::Limit {
                message, variables, ..
            } => {
                self.message(Role::Warning, "!", message);
                self.note(Role::Dim, &format!("{cost}{}", fate(*variables)));
            }
            Status::Died { message, variables } => {
                self.message(Role::Error, "✗", message);
                self.note(Role::Dim, &format!("{cost}{}", fate(*variables)));
            }
            Status::Refused { message } => {
                self.message(Role::Warning, "!", message);
                self.note(Role::Dim, "not run");
            }
            Status::Dropped => {
                self.note(Role::Dim, "not run");
            }
        }
    }

    fn show(&mut self, show: &ShowBody, path: &[Line], submitted_at: Timestamp, frame: Frame<'_>) {
        let mut label = Some("show");
        self.lines(Part::Source, 0, path, |_, _| match label.take() {
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
                    self.pictures(&[artifact], Side::Whole, frame);
                }
                self.caption(&run(Role::ImageFrame, &caption(artifact)));
            }
        }
    }

    /// How much to show of a part; `closed` are the first and last lines of a closed one.
    pub(super) fn ends(
        &self,
        whole: usize,
        first: usize,
        last: usize,
        closed: (usize, usize),
    ) -> Ends {
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
    pub(super) fn part(
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
    pub(super) fn lines(
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

    /// Lines of output, a row each: folded output takes the same room however long its lines are.
    fn short_lines(&mut self, part: Part, first: usize, lines: &[Line]) {
        for (at, line) in lines.iter().enumerate() {
            let origin = Origin {
                part,
                line: first + at,
                start: 0,
            };
            let row = if let [(_, whole)] = wrap(line, self.width).as_slice() {
                whole.clone()
            } else {
                let mut rows = wrap(line, self.width.saturating_sub(1)).into_iter();
                let mut cut = rows.next().unwrap_or_default().1;
                cut.append(&mut run(Role::Dim, "…"));
                cut
            };
            self.push(stream_mark(at, line), Content::Text(row, Some(origin)));
        }
    }

    pub(super) fn hidden_lines(&mut self, lines: u64, is_rest: bool) {
        let more = if is_rest { " more" } else { "" };
        let s = if lines == 1 { "" } else { "s" };
        let lines = text::count(lines);
        self.hidden(format!("{lines}{more} line{s}"));
    }

    pub(super) fn hidden(&mut self, what: String) {
        self.push(mark("⋯", Role::Dim), Content::Hidden(what));
    }

    pub(super) fn note(&mut self, role: Role, what: &str) {
        if !what.is_empty() {
            self.words(role, Mark::default(), what);
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
    pub(super) fn message(&mut self, role: Role, glyph: &'static str, message: &str) {
        self.words(role, mark(glyph, role), &sanitize(message));
    }

    /// Safe text, broken between words, with a mark before its first row.
    pub(super) fn words(&mut self, role: Role, mark: Mark, text: &str) {
        let mut mark = Some(mark);
        for line in text::wrap_words(text.trim_end(), self.width) {
            let content = Content::Text(run(role, &line), None);
            self.push(mark.take().unwrap_or_default(), content);
        }
    }

    /// A line that is nobody's text.
    pub(super) fn caption(&mut self, line: &Line) {
        self.wrap(line, None, Mark::default());
    }

    fn wrap(&mut self, line: &Line, origin: Option<Origin>, mark: Mark) {
        let mut mark = Some(mark);
        for (start, runs) in wrap(line, self.width) {
            let origin = origin.map(|origin| Origin { start, ..origin });
            self.push(mark.take().unwrap_or_default(), Content::Text(runs, origin));
        }
    }

    pub(super) fn push(&mut self, mark: Mark, content: Content) {
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

pub(super) fn mark(glyph: &'static str, role: Role) -> Mark {
    Mark {
        label: Cow::Borrowed(""),
        label_role: Role::Text,
        glyph,
        role,
    }
}

pub(super) fn run(role: Role, text: &str) -> Line {
    vec![Run {
        tag: role,
        style: crate::sanitize::SgrStyle::default(),
        text: text.to_owned(),
    }]
}

/// `castle.png · 640×480 PNG · 123 KiB`
pub(super) fn caption(artifact: &Artifact) -> String {
    format!(
        "{} · {}×{} {} · {}",
        sanitize(&artifact.name).replace('\n', "␊"),
        artifact.width,
        artifact.height,
        artifact.media_type.title(),
        text::bytes(artifact.size_bytes),
    )
}

/// Shorter waits are not told.
const A_WAIT: Duration = Duration::from_millis(100);

/// `12 ms · waited 3.2 s · 21 MiB · 1.2M steps`
fn cost(cost: &Cost) -> String {
    let mut text = text::duration(cost.execution_time);
    let waited = match cost.waited {
        waited if waited < A_WAIT => String::new(),
        waited => format!("waited {}", text::duration(waited)),
    };
    let steps = match cost.fuel_used {
        0 => String::new(),
        fuel => text::steps(fuel),
    };
    for part in [waited, memory(cost), steps] {
        if !part.is_empty() {
            text.push_str(" · ");
            text.push_str(&part);
        }
    }
    text
}

fn memory(cost: &Cost) -> String {
    match cost.peak_memory_bytes {
        0 => String::new(),
        bytes => text::bytes(bytes),
    }
}
