//! Questions before a cell runs, grants, undo and branches, as the keys have them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::App;
use super::keymap::Action;
use super::layers::Layer;
use super::prompt::Choice;
use super::view::TranscriptView;
use crate::protocol::{
    Answer, CellId, Command, Grant, GrantScope, NoticeLevel, Question, SessionGrant, Slash,
    Timeline, Timestamp,
};

/// A key that comes sooner after the question, or in a flow of typing, is none of its answers:
/// nobody has read it yet.
pub(super) const READING: Duration = Duration::from_millis(500);

/// A cell's question, while it takes the keys.
#[derive(Debug)]
pub(super) struct Confirmation {
    /// The cell that waits.
    pub cell: CellId,
    /// Whether there are answers for more than once.
    pub has_wider: bool,
    /// When it was asked, or a key came too soon after that.
    since: Timestamp,
}

impl Confirmation {
    /// How long until keys are answers; `None` if they are.
    pub fn opens_in(&self, now: Timestamp) -> Option<Duration> {
        let rest = READING.saturating_sub(now.since(self.since));
        (!rest.is_zero()).then_some(rest)
    }

    /// What can be answered, with the keys.
    pub fn keys(&self) -> &'static str {
        if self.has_wider {
            "y once · s session · a always · n no"
        } else {
            "y once · n no"
        }
    }
}

impl App {
    /// A cell asks: shows it, and takes the keys.
    pub fn ask_permission(&mut self, cell: CellId, question: &Question) {
        self.layers.push(Layer::Confirm(Confirmation {
            cell,
            has_wider: question.wider.is_some(),
            since: self.now,
        }));
        let is_last = self.transcript.entries().last().map(|entry| entry.cell) == Some(cell);
        if is_last {
            self.view.scroll_to_end();
        } else {
            self.with_view(|view, screen| view.select(screen, Some(cell)));
        }
    }

    /// The question is answered, or nobody wants to know any more.
    pub fn end_permission(&mut self, cell: CellId) {
        self.layers
            .retain(|layer| !matches!(layer, Layer::Confirm(asked) if asked.cell == cell));
    }

    /// A key while a cell asks; whether it goes on asking.
    pub fn confirm_key(&mut self, asked: &mut Confirmation, key: KeyEvent) -> bool {
        let cell = asked.cell;
        let is_interrupt = self.keymap.action(key) == Some(Action::Interrupt);
        if asked.opens_in(self.now).is_some() && !is_interrupt {
            asked.since = self.now;
            self.prompt_key(key);
            return true;
        }
        let is_bare = (key.modifiers - KeyModifiers::SHIFT).is_empty();
        let answer = match key.code {
            _ if is_interrupt => Answer::No,
            KeyCode::Esc => Answer::No,
            KeyCode::Char('n' | 'N') if is_bare => Answer::No,
            KeyCode::Char('y' | 'Y') if is_bare => Answer::Once,
            KeyCode::Char('s' | 'S') if is_bare && asked.has_wider => Answer::Session,
            KeyCode::Char('a' | 'A') if is_bare && asked.has_wider => Answer::Always,
            _ => {
                self.look_around(key);
                return true;
            }
        };
        self.send(Command::Confirm { cell, answer });
        false
    }

    /// Keys that show what the question is about.
    fn look_around(&mut self, key: KeyEvent) {
        let Some(action) = self.keymap.action(key) else {
            return;
        };
        match action {
            Action::ScrollUp => self.with_view(|view, screen| view.scroll_by(screen, -1)),
            Action::ScrollDown => self.with_view(|view, screen| view.scroll_by(screen, 1)),
            Action::PageUp => self.with_view(|view, screen| view.page(screen, -1)),
            Action::PageDown => self.with_view(|view, screen| view.page(screen, 1)),
            Action::ScrollToTop => self.with_view(TranscriptView::scroll_to_start),
            Action::ScrollToBottom => self.view.scroll_to_end(),
            Action::PreviousCell => self.with_view(TranscriptView::select_previous),
            Action::NextCell => self.with_view(TranscriptView::select_next),
            Action::FoldCell => {
                if let Some(cell) = self.cell("") {
                    self.fold(cell);
                }
            }
            _ => {}
        }
    }

    /// `/undo [N]` and `/redo [N]`, of the language at the prompt.
    pub fn travel(&mut self, slash: Slash, argument: &str) {
        let cells = match argument {
            "" => Some(1),
            number => number.parse().ok().filter(|&cells| cells > 0),
        };
        let language = self.language;
        match (slash, cells) {
            (_, None) => self.notify(
                NoticeLevel::Warning,
                format!("{argument:?} is no number of cells; say how many, or nothing for one"),
            ),
            (Slash::Redo, Some(cells)) => self.send(Command::Redo { language, cells }),
            (_, Some(cells)) => self.send(Command::Undo { language, cells }),
        }
    }

    /// `/branch [NAME]`
    pub fn branch(&mut self, name: &str) {
        let language = self.language;
        if !name.is_empty() {
            let name = name.to_owned();
            self.send(Command::Branch { language, name });
            return;
        }
        let Timeline {
            branches, branch, ..
        } = &self.kernel(language).timeline;
        if branches.is_empty() {
            let text = format!("{language} has one branch only; /branch NAME begins another");
            self.notify(NoticeLevel::Info, text);
            return;
        }
        let mut text = String::new();
        for name in branches {
            let mark = if branch.as_ref() == Some(name) {
                '*'
            } else {
                ' '
            };
            let _ = writeln!(text, "{mark} {name}");
        }
        text.push_str("\n/branch NAME goes to a branch, or begins one where the kernel stands.\n");
        self.layers
            .push(Layer::page(&format!("Branches of {language}"), &text));
    }

    /// `/allow GRANT [once|session]`
    pub fn allow(&mut self, argument: &str) {
        let (rest, last) = argument
            .rsplit_once(char::is_whitespace)
            .unwrap_or((argument, ""));
        let (text, scope) = match last {
            "once" => (rest, GrantScope::Once),
            "session" => (rest, GrantScope::Session),
            _ => (argument, GrantScope::Session),
        };
        match parse_grant(text) {
            Ok(grant) => self.send(Command::Allow(SessionGrant { grant, scope })),
            Err(message) => self.notify(NoticeLevel::Warning, format!("/allow: {message}")),
        }
    }

    /// `/deny [GRANT|all]`
    pub fn deny(&mut self, argument: &str) {
        if matches!(argument, "" | "all") {
            self.send(Command::Deny { grant: None });
            return;
        }
        match parse_grant(argument) {
            Ok(grant) => self.send(Command::Deny { grant: Some(grant) }),
            Err(message) => self.notify(
                NoticeLevel::Warning,
                format!("/deny: {message}; or all. /grants lists what is allowed"),
            ),
        }
    }

    /// `/grants`
    pub fn show_grants(&mut self) {
        if self.grants.is_empty() {
            let text = "nothing is allowed beyond the jail: no files, no network, no environment; \
                        /allow allows something";
            self.notify(NoticeLevel::Info, text);
            return;
        }
        let mut text = String::new();
        for given in &self.grants {
            let SessionGrant { grant, scope } = given;
            let scope = match scope {
                GrantScope::Once => "for the next cell",
                GrantScope::Session => "until the session ends",
            };
            let does = match grant {
                Grant::Read { .. } => "read files there",
                Grant::Write { .. } => "read and write files there, that many bytes in all",
                Grant::Net { .. } => "speak to this host",
                Grant::Env { .. } => "see this variable",
            };
            let _ = writeln!(text, "{grant}\n    {does}, {scope}\n    /deny {grant}\n");
        }
        text.push_str("/deny all takes everything back.\n");
        self.layers.push(Layer::page("Grants", &text));
    }

    /// What kernels may do beyond their jail has changed: tells how.
    pub fn take_grants(&mut self, grants: Vec<SessionGrant>) {
        let before = std::mem::replace(&mut self.grants, grants);
        let is_in = |list: &[SessionGrant], given: &SessionGrant| list.contains(given);
        let ended: Vec<String> = before
            .iter()
            .filter(|given| !self.grants.iter().any(|now| now.grant == given.grant))
            .map(|given| given.grant.to_string())
            .collect();
        let new: Vec<SessionGrant> = self
            .grants
            .iter()
            .filter(|given| !is_in(&before, given))
            .cloned()
            .collect();
        if !ended.is_empty() {
            let text = format!("no longer allowed: {}", ended.join(", "));
            self.notify(NoticeLevel::Info, text);
        }
        for SessionGrant { grant, scope } in new {
            let text = match scope {
                GrantScope::Once => format!("the next cell may {}", in_words(&grant)),
                GrantScope::Session => format!(
                    "cells may {} until the session ends; /deny {grant} takes it back",
                    in_words(&grant)
                ),
            };
            self.notify(NoticeLevel::Info, text);
        }
    }

    /// What `/deny` and `/branch` can be followed by.
    pub fn refresh_sandbox_choices(&mut self) {
        let all = Choice::new("all", "everything that is allowed");
        let scope = |scope| match scope {
            GrantScope::Once => "for the next cell",
            GrantScope::Session => "until the session ends",
        };
        let given = self
            .grants
            .iter()
            .map(|given| Choice::new(given.grant.to_string(), scope(given.scope)));
        self.choices.grants = given.chain([all]).collect();
        let timeline = &self.kernel(self.language).timeline;
        let branches = timeline.branches.iter().map(|name| {
            let is_here = timeline.branch.as_ref() == Some(name);
            Choice::new(name, if is_here { "here" } else { "" })
        });
        self.choices.branches = branches.collect();
    }
}

/// A grant as typed, with a path that is absolute.
fn parse_grant(text: &str) -> Result<Grant, String> {
    let absolute = |path: PathBuf| {
        let path = App::path(&path.to_string_lossy());
        std::path::absolute(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let grant: Grant = text.parse().map_err(|error| format!("{error}"))?;
    Ok(match grant {
        Grant::Read { path } => Grant::Read {
            path: absolute(path)?,
        },
        Grant::Write { path, max_bytes } => Grant::Write {
            path: absolute(path)?,
            max_bytes,
        },
        other => other,
    })
}

/// `read /data`, `write /tmp/out:10M`, `speak to example.org`.
fn in_words(grant: &Grant) -> String {
    match grant {
        Grant::Read { .. } | Grant::Write { .. } => grant.to_string(),
        Grant::Net { host, port: None } => format!("speak to {host}"),
        Grant::Net {
            host,
            port: Some(port),
        } => format!("speak to {host}, port {port}"),
        Grant::Env { name } => format!("see the variable {name}"),
    }
}

/// Where a kernel stands, for `/kernels`; empty if there is nothing to tell.
pub(super) fn timeline_in_words(timeline: &Timeline) -> String {
    let mut parts = Vec::new();
    if timeline.undo > 0 {
        parts.push(format!("{} to undo", timeline.undo));
    }
    if timeline.redo > 0 {
        parts.push(format!("{} to redo", timeline.redo));
    }
    if let Some(branch) = &timeline.branch {
        parts.push(format!("on branch {branch}"));
    }
    parts.join(", ")
}
