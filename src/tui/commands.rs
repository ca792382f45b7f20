//! What the slash commands do in the UI.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::app::{App, AppEffect};
use super::layers::Layer;
use super::plain::{self, Part};
use super::sandbox::timeline_in_words;
use super::settings::{self, SETTINGS};
use crate::protocol::{
    CellId, Command, KernelStatus, Language, NoticeLevel, Slash, SlashSpec, slash,
};
use crate::session::Body;

impl App {
    /// Carries a slash line out.
    pub fn run_slash(&mut self, line: slash::Line<'_>) {
        match line {
            slash::Line::Known(spec, argument) => self.carry_out(spec, argument),
            slash::Line::Unknown { name, near } => {
                let near: Vec<_> = near.iter().map(|near| format!("/{near}")).collect();
                let hint = if near.is_empty() {
                    "try /help".to_owned()
                } else {
                    format!("did you mean {}?", near.join(" or "))
                };
                self.notify(
                    NoticeLevel::Warning,
                    format!("there is no command /{name}; {hint}"),
                );
            }
        }
    }

    fn carry_out(&mut self, spec: &SlashSpec, argument: &str) {
        match spec.slash {
            Slash::Help => self.open_help(Some(argument).filter(|name| !name.is_empty())),
            Slash::Python => self.speak(Language::Python, argument),
            Slash::JavaScript => self.speak(Language::JavaScript, argument),
            Slash::Shell => self.speak(Language::Shell, argument),
            Slash::Show | Slash::Export if argument.is_empty() => self.wants(spec),
            Slash::Show => {
                let path = Self::path(argument);
                self.send(Command::Show { path });
            }
            Slash::Imagine => self.imagine(argument),
            Slash::Tools => self.open_tools(argument),
            Slash::Call if argument.is_empty() => self.wants(spec),
            Slash::Call => self.call(argument),
            Slash::Why => self.why(argument),
            Slash::Gallery => self.send(Command::Gallery {
                words: argument.to_owned(),
            }),
            Slash::Info => self.info(argument),
            Slash::Model => self.model(argument),
            Slash::Device => self.device(argument),
            Slash::Jobs => self.layers.push(Layer::page("Jobs", &self.jobs())),
            Slash::Kernels => self.show_kernels(),
            Slash::Restart => match argument {
                "" => self.send(Command::Restart {
                    language: self.language,
                }),
                name => match name.parse() {
                    Ok(language) => self.send(Command::Restart { language }),
                    Err(error) => self.notify(NoticeLevel::Warning, error.to_string()),
                },
            },
            Slash::Interrupt => self.stop(argument),
            Slash::Undo | Slash::Redo => self.travel(spec.slash, argument),
            Slash::Branch => self.branch(argument),
            Slash::Allow if argument.is_empty() => self.wants(spec),
            Slash::Allow => self.allow(argument),
            Slash::Deny => self.deny(argument),
            Slash::Grants => self.show_grants(),
            Slash::Set => self.set(argument),
            Slash::Theme if argument.is_empty() => self.choose_theme(),
            Slash::Theme => self.ask(AppEffect::LoadTheme(argument.to_owned())),
            Slash::Edit => self.ask(AppEffect::OpenEditor),
            Slash::History => {
                self.recall();
                self.open_history(argument);
            }
            Slash::Search => self.open_search(argument),
            Slash::Fold => {
                if let Some(cell) = self.cell(argument) {
                    self.fold(cell);
                }
            }
            Slash::Open => {
                if let Some(cell) = self.cell(argument) {
                    self.open_output(cell);
                }
            }
            Slash::Copy => self.copy(argument),
            Slash::Export => {
                let path = Self::path(argument);
                self.ask(AppEffect::Export(path));
            }
            Slash::Clear => {
                self.transcript.clear();
                self.with_view(|view, screen| view.select(screen, None));
                self.view.invalidate();
                self.view.scroll_to_end();
            }
            Slash::Doctor => self.ask(AppEffect::Examine),
            Slash::Quit => self.send(Command::Quit),
        }
    }

    /// `/py` switches; `/py CODE` runs one line and stays.
    fn speak(&mut self, language: Language, code: &str) {
        if code.is_empty() {
            self.switch_language(language);
        } else {
            self.run_cell(language, code);
        }
    }

    fn wants(&mut self, spec: &SlashSpec) {
        self.notify(
            NoticeLevel::Warning,
            format!("/{} wants {}", spec.name, spec.usage),
        );
    }

    /// A path as typed: quotes off, `~` resolved.
    pub fn path(argument: &str) -> PathBuf {
        let quoted = |quote: char| {
            argument
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote))
        };
        let text = quoted('"').or_else(|| quoted('\'')).unwrap_or(argument);
        let home = std::env::var_os("HOME").map(PathBuf::from);
        match (text.strip_prefix("~/"), text, home) {
            (Some(rest), _, Some(home)) => home.join(rest),
            (None, "~", Some(home)) => home,
            _ => PathBuf::from(text),
        }
    }

    fn set(&mut self, argument: &str) {
        let (name, value) = argument
            .split_once(char::is_whitespace)
            .unwrap_or((argument, ""));
        if name.is_empty() {
            let text = settings::listing(self);
            self.layers.push(Layer::page("Settings", &text));
            return;
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
            let text = format!("there is no setting {name}; there are {}", names.join(", "));
            self.notify(NoticeLevel::Warning, text);
            return;
        };
        let value = value.trim();
        if value.is_empty() {
            let text = format!("{name} is {}: {}", (setting.get)(self), setting.summary);
            self.notify(NoticeLevel::Info, text);
        } else if let Err(takes) = (setting.set)(self, value) {
            self.notify(
                NoticeLevel::Warning,
                format!("{name} takes {takes}, not {value:?}"),
            );
        } else {
            self.notify(NoticeLevel::Info, format!("{name}: {value}"));
        }
    }

    /// The cell of an argument, or the chosen one; a notice if there is no such cell.
    pub fn cell(&mut self, argument: &str) -> Option<CellId> {
        let cell = match argument {
            "" => self.chosen_cell(),
            number => number.parse().ok().map(CellId),
        };
        let known = cell.filter(|&cell| self.transcript.get(cell).is_some());
        if known.is_none() {
            let text = match argument {
                "" => "there is no cell yet".to_owned(),
                number => format!("there is no cell {number}"),
            };
            self.notify(NoticeLevel::Warning, text);
        }
        known
    }

    /// Folds or unfolds.
    pub fn fold(&mut self, cell: CellId) {
        self.with_view(|view, screen| view.toggle_fold(screen, cell));
    }

    /// Opens all that a cell printed.
    pub fn open_output(&mut self, cell: CellId) {
        let Some(entry) = self.transcript.get(cell) else {
            return;
        };
        let is_cut = match &entry.body {
            Body::Cell(body) => body.output.whole.is_some(),
            Body::Call(call) => call
                .outcome()
                .is_some_and(|outcome| outcome.whole.is_some()),
            Body::Image(_) | Body::Gallery(_) | Body::Show(_) => {
                self.notify(NoticeLevel::Info, "a picture has no output to open");
                return;
            }
        };
        if is_cut {
            let cell = entry.cell;
            self.ask(AppEffect::LoadOutput(cell));
        } else {
            let title = format!("Cell {}", entry.cell);
            let text = plain::entry(entry, Part::Output);
            self.layers.push(Layer::page(&title, &text));
        }
    }

    fn copy(&mut self, argument: &str) {
        let mut cell = "";
        let mut part = Part::All;
        for word in argument.split_whitespace() {
            match word {
                "source" => part = Part::Source,
                "output" => part = Part::Output,
                "all" => part = Part::All,
                number => cell = number,
            }
        }
        if let Some(cell) = self.cell(cell) {
            self.copy_cell(cell, part);
        }
    }

    /// Puts a cell on the clipboard.
    pub fn copy_cell(&mut self, cell: CellId, part: Part) {
        let Some(entry) = self.transcript.get(cell) else {
            return;
        };
        let text = plain::entry(entry, part);
        let number = entry.cell;
        let size = text.len();
        self.ask(AppEffect::Copy(text));
        let text = format!("cell {number}: {size} bytes sent to your terminal's clipboard");
        self.notify(NoticeLevel::Info, text);
    }

    /// `/kernels`
    pub fn show_kernels(&mut self) {
        let mut text = String::new();
        for kernel in &self.kernels {
            let status = match &kernel.status {
                KernelStatus::NotStarted => "not started".to_owned(),
                KernelStatus::Starting => "starting".to_owned(),
                KernelStatus::Idle => "idle".to_owned(),
                KernelStatus::Busy => "busy".to_owned(),
                KernelStatus::Failed(message) => format!("failed: {message}"),
            };
            let implementation = crate::kernel::spec(kernel.language).implementation;
            let cells = super::view::text::plural(kernel.cells, "cell");
            let title = kernel.language.title();
            let _ = writeln!(text, "{title:11} {status:11} {cells:9} {implementation}");
            let stands = timeline_in_words(&kernel.timeline);
            if !stands.is_empty() {
                let _ = writeln!(text, "{:11} {stands}", "");
            }
        }
        text.push_str("\n/restart LANGUAGE replaces a kernel by a fresh one; /undo takes its last cell back.\n");
        self.layers.push(Layer::page("Kernels", &text));
    }
}
