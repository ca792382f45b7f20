//! The tools, with a search as one types, and what there is to say about the one that it stands on.

use std::cmp::Reverse;
use std::sync::Arc;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::popup;
use super::text;
use crate::builtin::spec_arguments;
use crate::sanitize::sanitize;
use crate::tool::{Source, ToolSpec};
use crate::tui::theme::{Role, Theme};

/// Columns of the box.
const COLUMNS: u16 = 120;
/// Lines of the box.
const LINES: u16 = 34;
/// Tools in view at once.
const ROWS: usize = 10;

/// The list, what is looked for, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct ToolList {
    tools: Arc<[ToolSpec]>,
    query: String,
    /// The tools that fit, best first.
    hits: Vec<usize>,
    at: usize,
    /// The first row of what is said about the one.
    first: usize,
}

impl ToolList {
    /// The tools that fit a query.
    pub fn new(tools: Arc<[ToolSpec]>, query: &str) -> Self {
        let mut list = Self {
            tools,
            query: query.to_owned(),
            hits: Vec::new(),
            at: 0,
            first: 0,
        };
        list.rank();
        list
    }

    /// What is looked for.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Looks for something else.
    pub fn find(&mut self, query: String) {
        self.query = query;
        self.rank();
    }

    /// The tool that it stands on.
    pub fn current(&self) -> Option<&ToolSpec> {
        self.tools.get(*self.hits.get(self.at)?)
    }

    /// Tools down, or up if negative.
    pub fn move_by(&mut self, tools: isize) {
        let most = self.hits.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(tools).min(most);
        self.first = 0;
    }

    /// Rows of what is said about the one, down, or up if negative.
    pub fn scroll_by(&mut self, screen: Rect, rows: isize) {
        let shape = self.shape(screen);
        let total = self.about(shape.inside).len();
        let most = total.saturating_sub(shape.about);
        self.first = self.first.saturating_add_signed(rows).min(most);
    }

    fn rank(&mut self) {
        let wanted = Wanted::parse(&self.query);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let tools = self.tools.iter().enumerate();
        let mut ranks: Vec<_> = tools
            .filter_map(|(at, spec)| {
                let rank = wanted.rank(spec, &mut matcher)?;
                Some((Reverse(rank), &spec.name, at))
            })
            .collect();
        ranks.sort_unstable();
        self.hits = ranks.into_iter().map(|(.., at)| at).collect();
        self.at = 0;
        self.first = 0;
    }

    fn shape(&self, screen: Rect) -> Shape {
        let width = screen.width.min(COLUMNS);
        let height = screen.height.min(LINES);
        let inner = usize::from(height.saturating_sub(2));
        // The query, a rule, and two rows about the tool at least.
        let most = inner.saturating_sub(4).clamp(1, ROWS);
        let list = self.hits.len().clamp(1, most);
        Shape {
            outer: popup::centered(screen, width, height),
            inside: usize::from(width.saturating_sub(4)).max(1),
            list,
            about: inner.saturating_sub(list + 2),
        }
    }

    /// Draws it over the screen; where the caret goes.
    pub fn draw(&self, theme: &Theme, screen: Rect, buf: &mut Buffer) -> Position {
        let shape = self.shape(screen);
        let count = text::plural(self.hits.len() as u64, "tool");
        let title = format!("{count} · ↑ ↓ · enter takes it to the prompt · esc");
        let inner = popup::frame(&title, theme, shape.outer, buf);
        let ground = theme.style(Role::Popup);
        if inner.is_empty() {
            return Position::new(screen.x, screen.y);
        }
        let width = usize::from(inner.width);
        let label = "look for: ";
        let query = sanitize(&self.query).replace('\n', " ");
        let style = ground.patch(theme.style(Role::Prompt));
        buf.set_stringn(inner.x, inner.y, label, width, style);
        let x = inner.x.saturating_add(columns(label));
        buf.set_stringn(
            x,
            inner.y,
            &query,
            width.saturating_sub(label.len()),
            ground,
        );
        let caret = x.saturating_add(columns(&query)).min(inner.right());

        let mut y = inner.y + 1;
        let first = self.at.saturating_sub(shape.list / 2);
        let first = first.min(self.hits.len().saturating_sub(shape.list));
        let names = self.hits.iter().filter_map(|at| self.tools.get(*at));
        let widest = names
            .clone()
            .map(|spec| text::width(spec.name.as_str()))
            .max();
        let widest = widest.unwrap_or(0).min(width / 2);
        for (at, spec) in names.enumerate().skip(first).take(shape.list) {
            if y >= inner.bottom() {
                break;
            }
            let is_current = at == self.at;
            let style = if is_current {
                ground.patch(theme.style(Role::PopupSelected))
            } else {
                ground
            };
            let mark = if is_current { "❯" } else { " " };
            let name = text::fit(spec.name.as_str(), widest).into_owned();
            let gap = " ".repeat(widest.saturating_sub(text::width(&name)) + 2);
            let line = format!("{mark} {name}{gap}{}", summary(spec));
            let line = text::fit(&line, width).into_owned();
            let fill = " ".repeat(width.saturating_sub(text::width(&line)));
            buf.set_stringn(inner.x, y, format!("{line}{fill}"), width, style);
            y += 1;
        }
        if self.hits.is_empty() && y < inner.bottom() {
            let style = ground.patch(theme.style(Role::Dim));
            buf.set_stringn(inner.x, y, "no tool is like that", width, style);
            y += 1;
        }
        if y < inner.bottom() {
            let style = ground.patch(theme.style(Role::Border));
            buf.set_stringn(inner.x, y, "─".repeat(width), width, style);
            y += 1;
        }
        let about = self.about(shape.inside);
        let first = self.first.min(about.len().saturating_sub(shape.about));
        for (role, line) in about.iter().skip(first) {
            if y >= inner.bottom() {
                break;
            }
            let style = ground.patch(theme.style(*role));
            buf.set_stringn(inner.x, y, line, width, style);
            y += 1;
        }
        Position::new(caret, inner.y)
    }

    /// What there is to say about the tool that it stands on.
    fn about(&self, width: usize) -> Vec<(Role, String)> {
        let Some(spec) = self.current() else {
            return Vec::new();
        };
        let mut rows = Vec::new();
        let mut say = |role, indent: usize, words: &str| {
            let words = sanitize(words.trim()).into_owned();
            for line in text::wrap_words(&words, width.saturating_sub(indent)) {
                rows.push((role, format!("{:indent$}{line}", "")));
            }
        };
        let title = spec.title.as_deref().unwrap_or(spec.name.as_str());
        say(Role::Accent, 0, &title.replace('\n', " "));
        say(Role::Text, 0, &spec.description);
        let from = match spec.source {
            Source::Builtin => "built in",
            Source::Cell => "of a cell",
            Source::Mcp => "of an MCP server",
        };
        let mut facts = format!("{from} · {}", spec.touches());
        if !spec.tags.is_empty() {
            facts.push_str(" · tags: ");
            facts.push_str(&spec.tags.join(", "));
        }
        say(Role::Dim, 0, &facts);
        for argument in spec_arguments(&spec.input_schema) {
            let must = if argument.is_required {
                ", required"
            } else {
                ""
            };
            let head = format!("{} ({}{must})", argument.name, argument.kind);
            say(Role::SyntaxVariable, 0, &head.replace('\n', " "));
            if !argument.about.is_empty() {
                say(Role::Text, 4, argument.about);
            }
            for form in &argument.forms {
                say(Role::SyntaxString, 4, &form.fields.replace('\n', " "));
                say(Role::Text, 8, form.about);
            }
        }
        rows
    }
}

struct Shape {
    outer: Rect,
    inside: usize,
    /// Rows of the list.
    list: usize,
    /// Rows for what is said about one tool.
    about: usize,
}

/// What is looked for: words, a tag, a source.
struct Wanted {
    words: String,
    pattern: Pattern,
    tags: Vec<String>,
    sources: Vec<String>,
}

impl Wanted {
    fn parse(query: &str) -> Self {
        let (mut words, mut tags, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        for word in query.split_whitespace() {
            match word.split_once(':') {
                Some(("tag", tag)) => tags.push(tag.to_lowercase()),
                Some(("from", source)) => sources.push(source.to_lowercase()),
                _ => words.push(word),
            }
        }
        let words = words.join(" ");
        Self {
            pattern: Pattern::new(
                &words,
                CaseMatching::Ignore,
                Normalization::Smart,
                AtomKind::Fuzzy,
            ),
            words: words.to_lowercase(),
            tags,
            sources,
        }
    }

    /// How well a tool fits: a name that holds the words, then one whose letters do, then a
    /// description with the words.
    fn rank(&self, spec: &ToolSpec, matcher: &mut Matcher) -> Option<(u8, u32)> {
        let source = match spec.source {
            Source::Builtin => "builtin",
            Source::Cell => "cell",
            Source::Mcp => "mcp",
        };
        // What is half typed takes what begins so.
        let takes = |wanted: &[String], is: &dyn Fn(&str) -> bool| wanted.iter().all(|one| is(one));
        let has_tag = |tag: &str| {
            let mut tags = spec.tags.iter();
            tag.is_empty() || tags.any(|known| known.to_lowercase().starts_with(tag))
        };
        if !takes(&self.sources, &|from| source.starts_with(from)) || !takes(&self.tags, &has_tag) {
            return None;
        }
        if self.words.is_empty() {
            return Some((0, 0));
        }
        let title = spec.title.as_deref().unwrap_or_default();
        let name = format!("{} {title} {}", spec.name, spec.tags.join(" "));
        let mut buffer = Vec::new();
        let score = self
            .pattern
            .score(Utf32Str::new(&name, &mut buffer), matcher);
        let mut words = self.words.split(' ');
        if let Some(score) = score {
            let lower = name.to_lowercase();
            let is_whole = words.all(|word| lower.contains(word));
            return Some((if is_whole { 3 } else { 2 }, score));
        }
        let description = spec.description.to_lowercase();
        words
            .all(|word| description.contains(word))
            .then_some((1, 0))
    }
}

/// The first sentence of what a tool does.
pub(crate) fn summary(spec: &ToolSpec) -> String {
    let first = spec.description.split_terminator(". ").next();
    let first = first.unwrap_or_default().trim_end_matches('.');
    sanitize(first).replace('\n', " ")
}

fn columns(shown: &str) -> u16 {
    u16::try_from(text::width(shown)).unwrap_or(u16::MAX)
}
