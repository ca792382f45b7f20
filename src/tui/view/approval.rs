//! The question before a call of a tool: the exact call, what it can touch, what it would change,
//! and what each answer lets pass.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::content::{Line, with_visible_controls};
use super::layout::run;
use super::popup;
use super::rows::wrap;
use super::text;
use crate::protocol::{Approval, ApprovalRequest, CallOrigin, Scope, ToolQuestion, Width};
use crate::sanitize::{LineWriter, sanitize};
use crate::tui::theme::{Role, Theme};

/// Columns of the box: longer lines are hard to read.
const COLUMNS: u16 = 100;
/// Arguments are shown up to so many bytes.
const ARGUMENT_BYTES: usize = 64 << 10;
/// A line of them up to so many characters.
const LINE_CHARACTERS: usize = 20_000;

/// The question, with all that belongs to it.
#[derive(Debug)]
pub(crate) struct Modal {
    title: String,
    question: ToolQuestion,
    /// Who calls what, what it can touch, who asks: sentences, broken between words.
    head: Vec<(Role, String)>,
    /// The arguments, and what they would change.
    lines: Vec<Line>,
    first: usize,
}

/// What of the modal changes from frame to frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answering {
    /// What an answer that is wider than once is about.
    pub width: Width,
    /// Questions that wait behind this one.
    pub behind: usize,
    /// Whether keys are answers already.
    pub is_open: bool,
}

impl Modal {
    /// Lays the question out; code that calls is called by the name of its cell.
    pub fn new(approval: &Approval, code: &str) -> Self {
        let question = &approval.request.question;
        Self {
            title: format!("{} asks", question.tool),
            question: question.clone(),
            head: head(&approval.request, code),
            lines: body(&approval.request),
            first: 0,
        }
    }

    /// Lines down, or up if negative.
    pub fn scroll_by(&mut self, answering: Answering, screen: Rect, lines: isize) {
        let most = self.most(answering, screen);
        self.first = self.first.min(most).saturating_add_signed(lines).min(most);
    }

    /// A screen of it down, or up if negative.
    pub fn page(&mut self, answering: Answering, screen: Rect, pages: isize) {
        let rows = self.shape(answering, screen).body;
        let rows = isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1);
        self.scroll_by(answering, screen, pages.saturating_mul(rows));
    }

    fn most(&self, answering: Answering, screen: Rect) -> usize {
        let shape = self.shape(answering, screen);
        shape.rows.len().saturating_sub(shape.body)
    }

    fn shape(&self, answering: Answering, screen: Rect) -> Shape {
        let width = screen.width.min(COLUMNS);
        let inside = usize::from(width.saturating_sub(4)).max(1);
        let head = self.head.iter().flat_map(|(role, words)| {
            let lines = text::wrap_words(words, inside).into_iter();
            lines.map(|line| run(*role, &line))
        });
        let body = self.lines.iter().flat_map(|line| wrap(line, inside));
        let rows: Vec<Line> = head.chain(body.map(|(_, row)| row)).collect();
        let answers = self.answers(answering, inside);
        // Frame, and a rule above the answers.
        let around = answers.len() + 3;
        let room = usize::from(screen.height).saturating_sub(around).max(1);
        let body = rows.len().min(room);
        let height = u16::try_from(body + around).unwrap_or(u16::MAX);
        Shape {
            outer: popup::centered(screen, width, height),
            rows,
            body,
            answers,
        }
    }

    /// What can be answered, and exactly what each answer lets pass: as [`ToolQuestion::words`] says
    /// it, with what several have in common told once.
    fn answers(&self, answering: Answering, width: usize) -> Vec<Line> {
        let Answering {
            width: about,
            is_open,
            ..
        } = answering;
        let (key, text) = if is_open {
            (Role::Accent, Role::Text)
        } else {
            (Role::Dim, Role::Dim)
        };
        let other = match about {
            Width::Arguments => "any arguments instead",
            Width::Tool => "exactly these arguments instead",
        };
        let once = self.question.words(Scope::Once, about);
        let mut rows = flow(&[("y", &once), ("n", "no")], key, text, width);
        let subject = format!("{}:", self.question.subject(about));
        for line in text::wrap_words(&subject, width.saturating_sub(3)) {
            rows.push(run(text, &format!("   {line}")));
        }
        let wider = [
            ("s", Scope::Session.words()),
            ("p", Scope::Project.words()),
            ("a", Scope::Always.words()),
            ("t", other),
        ];
        rows.append(&mut flow(&wider, key, text, width));
        rows
    }

    /// Draws it in the middle of the screen.
    pub fn draw(&self, answering: Answering, theme: &Theme, screen: Rect, buf: &mut Buffer) {
        let shape = self.shape(answering, screen);
        let mut title = self.title.clone();
        if answering.behind > 0 {
            let s = if answering.behind == 1 { "s" } else { "" };
            let _ = write!(title, " · {} more wait{s}", answering.behind);
        }
        let inner = popup::frame(&title, theme, shape.outer, buf);
        let ground = theme.style(Role::Popup);
        let mut put = |y: u16, row: &Line| {
            let mut x = inner.x;
            for piece in row {
                let style = ground.patch(theme.style(piece.tag));
                let room = usize::from(inner.right().saturating_sub(x));
                (x, _) = buf.set_stringn(x, y, &piece.text, room, style);
            }
        };
        let most = shape.rows.len().saturating_sub(shape.body);
        let first = self.first.min(most);
        let shown = shape.rows.iter().skip(first).take(shape.body);
        let mut y = inner.y;
        for row in shown {
            if y < inner.bottom() {
                put(y, row);
            }
            y = y.saturating_add(1);
        }
        if y < inner.bottom() {
            put(y, &run(Role::Border, &rule(first, &shape, inner.width)));
        }
        for row in &shape.answers {
            y = y.saturating_add(1);
            if y < inner.bottom() {
                put(y, row);
            }
        }
    }
}

/// Keys and what they do, as many in a row as there is room for.
fn flow(answers: &[(&str, &str)], key: Role, text: Role, width: usize) -> Vec<Line> {
    let mut rows = Vec::new();
    let (mut row, mut used) = (Line::new(), 0);
    for (letter, words) in answers {
        let columns = text::width(words) + 3;
        if used > 0 && used + 3 + columns > width {
            rows.push(std::mem::take(&mut row));
            used = 0;
        }
        if used > 0 {
            row.append(&mut run(Role::Dim, " · "));
            used += 3;
        }
        row.append(&mut run(key, letter));
        row.append(&mut run(text, &format!("  {words}")));
        used += columns;
    }
    rows.push(row);
    rows
}

struct Shape {
    outer: Rect,
    /// Of the body, all of it.
    rows: Vec<Line>,
    /// How many of them there is room for.
    body: usize,
    answers: Vec<Line>,
}

/// What is between the question and its answers; it tells what is not in view.
fn rule(first: usize, shape: &Shape, width: u16) -> String {
    let width = usize::from(width);
    let total = shape.rows.len();
    if total <= shape.body {
        return "─".repeat(width);
    }
    let words = format!(
        " rows {}–{} of {total} · ↑ ↓ scroll ",
        first + 1,
        first + shape.body
    );
    let words = text::fit(&words, width).into_owned();
    let left = width.saturating_sub(text::width(&words)).min(2);
    let right = width.saturating_sub(text::width(&words) + left);
    format!("{}{words}{}", "─".repeat(left), "─".repeat(right))
}

/// The sentences above the arguments.
fn head(request: &ApprovalRequest, code: &str) -> Vec<(Role, String)> {
    let ApprovalRequest {
        question,
        touches,
        is_harmless,
        ..
    } = request;
    let who = match question.origin {
        CallOrigin::User => "you call".to_owned(),
        CallOrigin::Model => "a model calls".to_owned(),
        CallOrigin::Sandbox => format!("the code of {code} calls"),
        CallOrigin::Mcp => "a client calls, over MCP,".to_owned(),
    };
    let role = if *is_harmless {
        Role::Dim
    } else {
        Role::Warning
    };
    let reason = question.reason.as_deref();
    let reason = reason.map(|reason| format!(": {reason}"));
    let rule = format!("asked by {}{}", question.rule, reason.unwrap_or_default());
    let sentence = |text: &str| sanitize(text).replace('\n', " ");
    vec![
        (Role::Text, format!("{who} {}", question.tool)),
        (role, sentence(&format!("it {touches}"))),
        (Role::Dim, sentence(&rule)),
    ]
}

fn body(request: &ApprovalRequest) -> Vec<Line> {
    let ApprovalRequest {
        question, preview, ..
    } = request;
    let mut lines = Vec::new();
    let (mut short, mut long) = arguments(question);
    let mut part = |more: &mut Vec<Line>| {
        if !more.is_empty() {
            lines.push(Line::new());
            lines.append(more);
        }
    };
    part(&mut short);
    if let Some(preview) = preview {
        let mut diff = diff(preview);
        diff.insert(0, run(Role::Dim, "what it would change:"));
        part(&mut diff);
    }
    part(&mut long);
    lines
}

/// The arguments: those that take a line, and those that take several.
fn arguments(question: &ToolQuestion) -> (Vec<Line>, Vec<Line>) {
    let Some(fields) = question.fields() else {
        let lines = safe(Role::Text, &question.arguments, LINE_CHARACTERS);
        return (lines, Vec::new());
    };
    if fields.is_empty() {
        return (vec![run(Role::Dim, "without arguments")], Vec::new());
    }
    let (mut short, mut long) = (Vec::new(), Vec::new());
    let mut room = ARGUMENT_BYTES;
    for (name, text) in &fields {
        let name = sanitize(name).replace('\n', "␊");
        let end = text.floor_char_boundary(room);
        let shown = text.get(..end).unwrap_or_default();
        room -= end;
        let mut block = safe(Role::SyntaxString, shown, LINE_CHARACTERS);
        let mut head = run(Role::SyntaxVariable, &format!("{name}: "));
        if block.len() == 1 && end == text.len() && !text.contains('\n') {
            head.append(&mut block.remove(0));
            short.push(head);
            continue;
        }
        long.push(head);
        for mut line in block {
            let mut indented = run(Role::Border, "│ ");
            indented.append(&mut line);
            long.push(indented);
        }
        if end < text.len() {
            let more = format!("… {} bytes more are not shown", text.len() - end);
            long.push(run(Role::Warning, &more));
        }
    }
    (short, long)
}

fn diff(preview: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in preview.lines() {
        let role = match line.as_bytes().first() {
            Some(b'+') => Role::Success,
            Some(b'-') => Role::Error,
            Some(b'@') => Role::Dim,
            _ => Role::Text,
        };
        lines.append(&mut safe(role, line, LINE_CHARACTERS));
    }
    lines
}

/// Untrusted text: every control byte is seen.
fn safe(role: Role, text: &str, cap: usize) -> Vec<Line> {
    let mut writer = LineWriter::new(4, cap);
    writer.push(role, &with_visible_controls(text));
    let lines = writer.finish();
    if lines.is_empty() {
        vec![Line::new()]
    } else {
        lines
    }
}
