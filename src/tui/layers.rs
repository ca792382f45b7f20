//! What lies over the transcript and takes the keys: pages, help, the choice of a theme, search,
//! the question of a cell.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::app::{App, AppEffect};
use super::approval::Asked;
use super::keymap::{self, Action};
use super::sandbox::Confirmation;
use super::theme::{Role, Theme};
use super::view::help::{self, Help};
use super::view::pager::Pager;
use super::view::select::Select;
use super::view::text;
use super::view::tools::ToolList;
use crate::protocol::{NoticeLevel, slash};

/// Something that takes the keys until it is closed.
#[derive(Debug)]
pub(super) enum Layer {
    /// A text on the whole screen, and what is being typed to look for in it.
    Page(Pager, Option<String>),
    /// Commands and keys.
    Help(Help),
    /// The themes, previewed.
    Themes(Select),
    /// The text that is looked for in the transcript.
    Search(String),
    /// The tools, looked through.
    Tools(ToolList),
    /// A call waits for an answer.
    Approve(Box<Asked>),
    /// A cell waits for a permission: its question stands in the transcript.
    Confirm(Confirmation),
}

impl Layer {
    /// A text on the whole screen.
    pub fn page(title: &str, text: &str) -> Self {
        Self::Page(Pager::new(title, Arc::from(text)), None)
    }

    /// Rows that it takes at the bottom of the screen, if it leaves the rest alone.
    pub fn bottom_rows(&self) -> u16 {
        u16::from(matches!(self, Self::Search(_) | Self::Confirm(_)))
    }
}

/// What a key means to a line of text that is being typed.
pub(super) enum Typed {
    Changed,
    Accepted,
    Left,
    Nothing,
}

pub(super) fn type_into(line: &mut String, key: KeyEvent) -> Typed {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => Typed::Accepted,
        KeyCode::Esc => Typed::Left,
        KeyCode::Char('c' | 'g') if control => Typed::Left,
        KeyCode::Char('u') if control => {
            line.clear();
            Typed::Changed
        }
        KeyCode::Backspace => {
            line.pop();
            Typed::Changed
        }
        KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
            line.push(c);
            Typed::Changed
        }
        _ => Typed::Nothing,
    }
}

impl App {
    /// Gives a key to the topmost layer.
    pub fn layer_key(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        // These work everywhere.
        match self.keymap.action(key) {
            Some(Action::Suspend) => return self.ask(AppEffect::Suspend),
            Some(Action::Redraw) => return self.ask(AppEffect::Redraw),
            Some(Action::Quit) => return self.send(crate::protocol::Command::Quit),
            _ => {}
        }
        let Some(mut layer) = self.layers.pop() else {
            return;
        };
        let stays = match &mut layer {
            Layer::Page(pager, typed) => self.page_key(pager, typed, key),
            Layer::Help(help) => self.help_key(help, key),
            Layer::Themes(select) => self.theme_key(select, key),
            Layer::Search(query) => self.search_key(query, key),
            Layer::Confirm(asked) => self.confirm_key(asked, key),
            Layer::Tools(list) => self.tools_key(list, key),
            Layer::Approve(asked) => self.approval_key(asked, key),
        };
        if stays {
            self.layers.push(layer);
        }
    }

    fn page_key(&mut self, pager: &mut Pager, typed: &mut Option<String>, key: KeyEvent) -> bool {
        let area = self.screen_area;
        if let Some(query) = typed {
            match type_into(query, key) {
                Typed::Changed => pager.find(area, query),
                Typed::Accepted => *typed = None,
                Typed::Left => {
                    pager.find(area, "");
                    *typed = None;
                }
                Typed::Nothing => {}
            }
            return true;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return false,
            KeyCode::Char('c') if control => return false,
            KeyCode::Up | KeyCode::Char('k') => pager.scroll_by(area, -1),
            KeyCode::Down | KeyCode::Enter | KeyCode::Char('j') => pager.scroll_by(area, 1),
            KeyCode::PageUp | KeyCode::Char('b') => pager.page(area, -1),
            KeyCode::PageDown | KeyCode::Char(' ' | 'f') => pager.page(area, 1),
            KeyCode::Home | KeyCode::Char('g') => pager.scroll_to_start(),
            KeyCode::End | KeyCode::Char('G') => pager.scroll_to_end(area),
            KeyCode::Char('/') => *typed = Some(String::new()),
            KeyCode::Char('n') => pager.next_match(area),
            KeyCode::Char('N') => pager.previous_match(area),
            _ => {}
        }
        true
    }

    fn help_key(&mut self, help: &mut Help, key: KeyEvent) -> bool {
        let keys = help_keys(self);
        let keys = borrowed(&keys);
        let area = self.screen_area;
        let rows = isize::try_from(area.height / 2).unwrap_or(10);
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => help.scroll_by(&keys, area, -1),
            KeyCode::Down | KeyCode::Char('j') => help.scroll_by(&keys, area, 1),
            KeyCode::PageUp => help.scroll_by(&keys, area, -rows),
            KeyCode::PageDown | KeyCode::Char(' ') => help.scroll_by(&keys, area, rows),
            _ => return false,
        }
        true
    }

    fn theme_key(&mut self, select: &mut Select, key: KeyEvent) -> bool {
        let goes_back = key.code == KeyCode::Esc
            || (key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL));
        if goes_back {
            if let Some(name) = select.before() {
                self.ask(AppEffect::LoadTheme(name.to_owned()));
            }
            return false;
        }
        match key.code {
            KeyCode::Enter => {
                if let Some(name) = select.current() {
                    let text =
                        format!("theme {name}; put theme = \"{name}\" into config.toml to keep it");
                    self.notify(NoticeLevel::Info, text);
                }
                return false;
            }
            KeyCode::Up => select.move_by(-1),
            KeyCode::Down | KeyCode::Tab => select.move_by(1),
            KeyCode::Char(letter) => select.move_to_letter(letter),
            _ => return true,
        }
        if let Some(name) = select.current() {
            self.ask(AppEffect::LoadTheme(name.to_owned()));
        }
        true
    }

    fn search_key(&mut self, query: &mut String, key: KeyEvent) -> bool {
        match key.code {
            KeyCode::Up => {
                self.with_view(super::view::TranscriptView::previous_match);
                return true;
            }
            KeyCode::Down => {
                self.with_view(super::view::TranscriptView::next_match);
                return true;
            }
            _ => {}
        }
        match type_into(query, key) {
            Typed::Changed => {
                self.with_view(|view, screen| view.find(screen, query));
                true
            }
            Typed::Nothing => true,
            Typed::Accepted => false,
            Typed::Left => {
                self.with_view(|view, screen| view.find(screen, ""));
                self.view.scroll_to_end();
                false
            }
        }
    }

    /// Pastes into what is being typed.
    pub fn paste_into_layer(&mut self, pasted: &str) {
        let line = pasted.lines().next().unwrap_or_default();
        for c in line.chars().filter(|c| !c.is_control()) {
            self.layer_key(KeyEvent::from(KeyCode::Char(c)));
        }
    }

    /// Scrolls the topmost layer by the wheel.
    pub fn scroll_layer(&mut self, rows: isize) {
        let keys = help_keys(self);
        let (now, screen) = (self.now, self.above_status());
        match self.layers.last_mut() {
            Some(Layer::Tools(list)) => list.scroll_by(screen, rows),
            Some(Layer::Approve(asked)) => {
                let answering = asked.answering(now, 0);
                asked.modal.scroll_by(answering, screen, rows);
            }
            Some(Layer::Page(pager, _)) => pager.scroll_by(self.screen_area, rows),
            Some(Layer::Help(help)) => help.scroll_by(&borrowed(&keys), self.screen_area, rows),
            Some(Layer::Themes(select)) => select.move_by(rows.signum()),
            Some(Layer::Search(_) | Layer::Confirm(_)) => {
                self.with_view(|view, screen| view.scroll_by(screen, rows));
            }
            None => {}
        }
    }

    /// Opens the help, or tells about one command.
    pub fn open_help(&mut self, command: Option<&str>) {
        let Some(name) = command else {
            self.layers.push(Layer::Help(Help::default()));
            return;
        };
        match slash::find(name.trim_start_matches('/')) {
            Some(spec) => self.notify(NoticeLevel::Info, help::about(spec)),
            None => self.notify(NoticeLevel::Warning, format!("there is no command /{name}")),
        }
    }

    /// Opens the choice of a theme.
    pub fn choose_theme(&mut self) {
        let names = self
            .choices
            .themes
            .iter()
            .map(|theme| theme.text.clone())
            .collect();
        let title = "theme · ↑ ↓ preview · enter takes · esc goes back";
        self.layers
            .push(Layer::Themes(Select::new(title, names, &self.theme.name)));
    }

    /// Opens the search of the transcript.
    pub fn open_search(&mut self, query: &str) {
        self.with_view(|view, screen| view.find(screen, query));
        let found = self.view.search().map(super::view::Search::count);
        if found == Some(0) {
            self.notify(
                NoticeLevel::Info,
                format!("{query:?} is not in the transcript"),
            );
        }
        self.layers.push(Layer::Search(query.to_owned()));
    }

    /// The screen without its last row, which tells that something is asked.
    pub fn above_status(&self) -> Rect {
        Rect {
            height: self.screen_area.height - u16::from(self.screen_area.height > 3),
            ..self.screen_area
        }
    }

    /// Draws the topmost layer; where the caret goes.
    pub fn draw_layer(&self, theme: &Theme, bottom: Rect, buf: &mut Buffer) -> Option<Position> {
        match self.layers.last()? {
            Layer::Page(pager, typed) => {
                pager.draw(theme, self.screen_area, buf);
                let query = typed.as_ref()?;
                let row = Rect {
                    y: self.screen_area.bottom().saturating_sub(1),
                    height: 1,
                    ..self.screen_area
                };
                Some(draw_line(
                    "find: ",
                    query,
                    "enter keeps · esc ends",
                    theme,
                    row,
                    buf,
                ))
            }
            Layer::Help(help) => {
                let keys = help_keys(self);
                help.draw(&borrowed(&keys), theme, self.screen_area, buf);
                None
            }
            Layer::Themes(select) => {
                select.draw(theme, self.screen_area, buf);
                None
            }
            Layer::Tools(list) => Some(list.draw(theme, self.above_status(), buf)),
            Layer::Approve(asked) => {
                let answering = asked.answering(self.now, self.approvals_behind());
                asked.modal.draw(answering, theme, self.above_status(), buf);
                None
            }
            Layer::Search(query) => {
                let note = "↑ ↓ matches · enter keeps · esc ends";
                Some(draw_line("search: ", query, note, theme, bottom, buf))
            }
            Layer::Confirm(asked) => {
                let label = format!("cell {} may run? ", asked.cell);
                draw_line(&label, asked.keys(), "esc is no", theme, bottom, buf);
                None
            }
        }
    }
}

/// A line that is being typed, with a note at its right; where the caret is.
fn draw_line(
    label: &str,
    line: &str,
    note: &str,
    theme: &Theme,
    row: Rect,
    buf: &mut Buffer,
) -> Position {
    let row = row.intersection(buf.area);
    let width = usize::from(row.width);
    buf.set_stringn(
        row.x,
        row.y,
        " ".repeat(width),
        width,
        theme.style(Role::Popup),
    );
    let shown = format!("{label}{line}");
    let end = text::width(&shown).min(width.saturating_sub(1));
    buf.set_stringn(row.x, row.y, &shown, width, theme.style(Role::Popup));
    buf.set_stringn(row.x, row.y, label, width, theme.style(Role::Accent));
    if end + text::width(note) + 4 < width {
        let at = row
            .right()
            .saturating_sub(u16::try_from(text::width(note)).unwrap_or(0) + 1);
        buf.set_stringn(at, row.y, note, width, theme.style(Role::Popup));
    }
    Position::new(row.x + u16::try_from(end).unwrap_or(0), row.y)
}

/// The keys as the user has bound them, then those of the prompt.
fn help_keys(app: &App) -> Vec<(String, &'static str)> {
    let bound = keymap::KEYS.iter().map(|spec| {
        let keys = app.keymap.keys(spec.action);
        (keys.join(", "), spec.summary)
    });
    let prompt = keymap::PROMPT_KEYS
        .iter()
        .map(|(keys, does)| ((*keys).to_owned(), *does));
    bound
        .filter(|(keys, _)| !keys.is_empty())
        .chain(prompt)
        .collect()
}

fn borrowed<'a>(keys: &'a [(String, &'static str)]) -> Vec<(&'a str, &'a str)> {
    keys.iter()
        .map(|(keys, does)| (keys.as_str(), *does))
        .collect()
}
