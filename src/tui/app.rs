//! The state of the UI: keys and events in, effects out. It does no I/O and knows no clock.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, KeyEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::image::picture_size;
use super::imagine::ImageSettings;
use super::keymap::{Action, Keymap};
use super::layers::Layer;
use super::prompt::{Choice, Choices, EditModeKind, Prompt, PromptAction, PromptContext, Recall};
use super::theme::Theme;
use super::view::notice::Notices;
use super::view::{Screen, TranscriptView};
use crate::kernel::{self, Completeness};
use crate::protocol::{
    Cell, CellId, Command, Event, HistoryEntry, HistoryKind, KernelStatus, Language, Limits,
    NoticeLevel, Origin, Outcome, SessionGrant, SessionId, SettingChange, Timeline, Timestamp,
    ToolCall, slash,
};
use crate::session::{Body, CallPhase, Entry, ImagePhase, Phase, Transcript};
use crate::tool::ToolSpec;

/// What the loop has to do for the app.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum AppEffect {
    /// Hand this to the runtime.
    Send(Command),
    /// Open `$EDITOR` on the prompt.
    OpenEditor,
    /// Put text on the terminal's clipboard.
    Copy(String),
    /// Fetch the whole output of a cell for the pager.
    LoadOutput(CellId),
    /// Write the transcript to a file.
    Export(PathBuf),
    /// Tell what would be done with a call, and why.
    ExplainCall(ToolCall),
    /// Tell what became of the last call, and why.
    ExplainLast,
    /// Look at the system for `/doctor`.
    Examine,
    /// Read a theme.
    LoadTheme(String),
    /// Take the mouse, or give it back.
    SetMouse(bool),
    /// Draw every cell afresh.
    Redraw,
    /// Go to the background.
    Suspend,
    /// Leave.
    Quit,
}

/// What is known of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KernelLine {
    /// Whose.
    pub language: Language,
    /// What it does.
    pub status: KernelStatus,
    /// Jupyter's counter of its last cell.
    pub execution_count: u64,
    /// Cells that it has ended in this session.
    pub cells: u64,
    /// Where it stands among its states.
    pub timeline: Timeline,
}

/// The state of the UI.
pub(super) struct App {
    pub session: SessionId,
    pub transcript: Transcript,
    pub view: TranscriptView,
    pub prompt: Prompt,
    pub keymap: Keymap,
    pub theme: Theme,
    pub language: Language,
    pub limits: Limits,
    pub kernels: [KernelLine; Language::ALL.len()],
    pub layers: Vec<Layer>,
    pub notices: Notices,
    /// What cells may do beyond their jail.
    pub grants: Vec<SessionGrant>,
    /// Where pictures are made.
    pub images: ImageSettings,
    /// The cell that waits for a line, with what it asks.
    pub question: Option<(CellId, String)>,
    /// The cell that ended last.
    pub last_outcome: Option<Outcome>,
    pub has_mouse: bool,
    pub now: Timestamp,
    /// Where the transcript was drawn last.
    pub transcript_area: Rect,
    /// The whole screen, as it was drawn last.
    pub screen_area: Rect,
    pub cell_size: Option<(u16, u16)>,
    pub choices: Choices,
    /// Those that can be called.
    pub tools: Arc<[ToolSpec]>,
    /// What was typed when a cell asked for a line.
    stashed: Option<String>,
    last_history_id: u64,
    history: Vec<Recall>,
    effects: Vec<AppEffect>,
}

/// What the app begins with.
pub(super) struct Setup {
    pub session: SessionId,
    pub keymap: Keymap,
    pub theme: Theme,
    pub themes: Vec<String>,
    pub edit_mode: EditModeKind,
    pub language: Language,
    pub limits: Limits,
    pub cell_size: Option<(u16, u16)>,
    pub has_mouse: bool,
    pub now: Timestamp,
}

impl App {
    pub fn new(setup: Setup) -> Self {
        let choices = Choices {
            themes: setup
                .themes
                .iter()
                .map(|name| Choice::new(name, ""))
                .collect(),
            settings: super::settings::choices(),
            ..Choices::default()
        };
        Self {
            session: setup.session,
            transcript: Transcript::default(),
            view: TranscriptView::default(),
            prompt: Prompt::new(setup.edit_mode),
            keymap: setup.keymap,
            theme: setup.theme,
            language: setup.language,
            limits: setup.limits,
            kernels: Language::ALL.map(|language| KernelLine {
                language,
                status: KernelStatus::NotStarted,
                execution_count: 0,
                cells: 0,
                timeline: Timeline::default(),
            }),
            layers: Vec::new(),
            notices: Notices::default(),
            grants: Vec::new(),
            images: ImageSettings::default(),
            question: None,
            last_outcome: None,
            has_mouse: setup.has_mouse,
            now: setup.now,
            transcript_area: Rect::default(),
            screen_area: Rect::default(),
            cell_size: setup.cell_size,
            choices,
            tools: Arc::default(),
            stashed: None,
            last_history_id: 0,
            history: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Takes what the terminal sent.
    pub fn handle_terminal(&mut self, event: TerminalEvent, now: Timestamp) -> Vec<AppEffect> {
        self.now = now;
        match event {
            TerminalEvent::Key(key) => self.handle_key(key),
            TerminalEvent::Paste(text) => self.paste(&text),
            TerminalEvent::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollUp => self.scroll(-3),
                MouseEventKind::ScrollDown => self.scroll(3),
                _ => {}
            },
            TerminalEvent::Resize(..) | TerminalEvent::FocusGained | TerminalEvent::FocusLost => {}
        }
        std::mem::take(&mut self.effects)
    }

    /// Takes an event of the session.
    pub fn handle_event(&mut self, event: Event, now: Timestamp) -> Vec<AppEffect> {
        self.now = now;
        self.transcript.apply(&event);
        match event {
            Event::CellStarted {
                cell,
                execution_count,
                ..
            } => {
                if let Some(language) = self.language_of(cell) {
                    self.kernel_mut(language).execution_count = execution_count;
                }
            }
            Event::CellFinished { cell, outcome, .. } => {
                if let Some(language) = self.language_of(cell) {
                    self.kernel_mut(language).cells += 1;
                }
                if self
                    .question
                    .as_ref()
                    .is_some_and(|(asking, _)| *asking == cell)
                {
                    self.end_question();
                }
                self.last_outcome = Some(outcome);
            }
            Event::InputRequested { cell, prompt } => {
                self.question = Some((cell, prompt));
                self.stashed
                    .get_or_insert_with(|| self.prompt.text().to_owned());
                self.prompt.set_text("");
                self.view.scroll_to_end();
            }
            Event::InputAnswered { .. } => self.end_question(),
            Event::KernelChanged { language, status } => {
                if let KernelStatus::Failed(message) = &status {
                    self.notify(NoticeLevel::Error, message.clone());
                }
                if status == KernelStatus::Starting {
                    self.kernel_mut(language).execution_count = 0;
                }
                self.kernel_mut(language).status = status;
            }
            Event::ConfirmationRequested { cell, question } => {
                self.ask_permission(cell, &question);
            }
            Event::ConfirmationAnswered { cell } => self.end_permission(cell),
            Event::ApprovalRequested { approval } => self.ask_approval(&approval),
            Event::ApprovalResolved { approval, .. } => self.end_approval(approval),
            Event::GrantsChanged { grants } => self.take_grants(grants),
            Event::TimelineChanged { language, timeline } => {
                self.kernel_mut(language).timeline = timeline;
            }
            Event::Completed {
                request,
                completions,
            } => {
                self.prompt.set_completions(request, completions);
            }
            Event::Recalled { entries } => self.learn_history(entries),
            Event::ImageSettingsChanged { model, device } => {
                self.learn_image_settings(model, device);
            }
            Event::LanguageChanged { language } => self.language = language,
            Event::LimitsChanged { limits } => self.limits = limits,
            Event::Notice { level, text } => self.notify(level, text),
            Event::SessionEnded { .. } => self.effects.push(AppEffect::Quit),
            Event::SessionStarted { .. }
            | Event::CellSubmitted { .. }
            | Event::CellOutput { .. }
            | Event::CellProgressed { .. }
            | Event::CellDisplayed { .. }
            | Event::CellExamined { .. }
            | Event::ImageSubmitted { .. }
            | Event::ImageProgressed { .. }
            | Event::ImageMade { .. }
            | Event::ImageFinished { .. }
            | Event::CallSubmitted { .. }
            | Event::CallProgressed { .. }
            | Event::CallFinished { .. }
            | Event::GalleryShown { .. }
            | Event::ShowStarted { .. }
            | Event::ArtifactReady { .. }
            | Event::ShowFailed { .. } => {}
        }
        std::mem::take(&mut self.effects)
    }

    /// When a frame is due although nothing happens: a spinner turns, a notice goes.
    pub fn next_change(&self) -> Option<Duration> {
        let spinner =
            super::view::is_animated(&self.transcript).then_some(Duration::from_millis(100));
        let question = match self.layers.last() {
            Some(Layer::Confirm(asked)) => asked.opens_in(self.now),
            Some(Layer::Approve(asked)) => asked.opens_in(self.now),
            _ => None,
        };
        [self.notices.next_change(self.now), spinner, question]
            .into_iter()
            .flatten()
            .min()
    }

    /// Says something above the prompt for a while.
    pub fn notify(&mut self, level: NoticeLevel, text: impl AsRef<str>) {
        self.notices.push(level, text.as_ref(), self.now);
    }

    /// The keys that show what is folded.
    fn fold_hint(&self) -> String {
        let keys = [
            (Action::FoldCell, "unfolds"),
            (Action::OpenOutput, "opens all"),
        ];
        let hints = keys.into_iter().filter_map(|(action, does)| {
            let key = self.keymap.keys(action).into_iter().next()?;
            Some(format!("{key} {does}"))
        });
        hints.collect::<Vec<_>>().join(", ")
    }

    /// Gives the view what it needs to move.
    pub fn with_view<T>(&mut self, run: impl FnOnce(&mut TranscriptView, &Screen<'_>) -> T) -> T {
        let mut view = std::mem::take(&mut self.view);
        let cell_size = self.cell_size;
        let fold_hint = self.fold_hint();
        let screen = Screen {
            transcript: &self.transcript,
            theme: &self.theme,
            now: self.now,
            area: self.transcript_area,
            picture_rows: self.screen_area.height.saturating_sub(6).max(3),
            fold_hint: &fold_hint,
            picture_size: &|artifact, columns, rows| {
                picture_size(artifact.width, artifact.height, columns, rows, cell_size)
            },
        };
        let result = run(&mut view, &screen);
        self.view = view;
        result
    }

    /// Hands a command to the runtime.
    pub fn send(&mut self, command: Command) {
        self.effects.push(AppEffect::Send(command));
    }

    /// Has the loop do something.
    pub fn ask(&mut self, effect: AppEffect) {
        self.effects.push(effect);
    }

    /// What the effects so far are, for the loop.
    pub fn take_effects(&mut self) -> Vec<AppEffect> {
        std::mem::take(&mut self.effects)
    }

    /// The kernel of a language.
    pub fn kernel(&self, language: Language) -> &KernelLine {
        &self.kernels[language.index()]
    }

    fn kernel_mut(&mut self, language: Language) -> &mut KernelLine {
        &mut self.kernels[language.index()]
    }

    /// The cells that run, oldest first, with the time since they began.
    pub fn running(&self) -> impl Iterator<Item = (CellId, Language, Duration)> {
        self.transcript
            .entries()
            .iter()
            .filter_map(|entry| match &entry.body {
                Body::Cell(cell) => match cell.phase {
                    Phase::Running { since, .. } => {
                        Some((entry.cell, cell.language, self.now.since(since)))
                    }
                    Phase::Queued | Phase::Held(_) | Phase::Done(_) => None,
                },
                Body::Image(_) | Body::Call(_) | Body::Gallery(_) | Body::Show(_) => None,
            })
    }

    /// How many cells wait for their kernels.
    pub fn queued(&self) -> usize {
        let is_queued = |entry: &&Entry| matches!(&entry.body, Body::Cell(cell) if matches!(cell.phase, Phase::Queued));
        self.transcript
            .entries()
            .iter()
            .rev()
            .take(1000)
            .filter(is_queued)
            .count()
    }

    fn language_of(&self, cell: CellId) -> Option<Language> {
        match &self.transcript.get(cell)?.body {
            Body::Cell(cell) => Some(cell.language),
            Body::Image(_) | Body::Call(_) | Body::Gallery(_) | Body::Show(_) => None,
        }
    }

    fn paste(&mut self, text: &str) {
        // Pasted letters are no answers to a question.
        let is_asked = matches!(
            self.layers.last(),
            Some(Layer::Confirm(_) | Layer::Approve(_))
        );
        if !self.layers.is_empty() && !is_asked {
            self.paste_into_layer(text);
            return;
        }
        let action = self.prompt.handle_paste(text);
        self.obey(action);
    }

    fn handle_key(&mut self, key: KeyEvent) {
        if !self.layers.is_empty() {
            self.layer_key(key);
            return;
        }
        self.prompt_key(key);
    }

    /// Gives a key to the prompt.
    pub fn prompt_key(&mut self, key: KeyEvent) {
        if self.prompt_is_at_rest(key) {
            return;
        }
        self.refresh_choices();
        let language = self.language;
        let judge: &dyn Fn(&str) -> Completeness = if self.question.is_some() {
            &|_| Completeness::Complete
        } else {
            &kernel::spec(slash::language_of(language, self.prompt.text())).completeness
        };
        let context = PromptContext {
            language,
            completeness: judge,
            keymap: &self.keymap,
            choices: &self.choices,
            is_running: self.is_busy(),
            now: self.now,
        };
        let action = self.prompt.handle_key(key, &context);
        if self.prompt.is_searching() {
            // Another instance may have written since the last key.
            self.recall();
        }
        self.obey(action);
    }

    /// Keys that mean the transcript as long as nothing is typed: Esc lets go of a cell.
    fn prompt_is_at_rest(&mut self, key: KeyEvent) -> bool {
        let lets_go = key.code == crossterm::event::KeyCode::Esc
            && self.prompt.is_empty()
            && (self.view.selected().is_some() || self.view.search().is_some());
        if lets_go {
            self.with_view(|view, screen| {
                view.select(screen, None);
                view.find(screen, "");
                view.scroll_to_end();
            });
        }
        lets_go
    }

    fn is_busy(&self) -> bool {
        let is_at_work = |entry: &Entry| match &entry.body {
            Body::Image(image) => !matches!(image.phase, ImagePhase::Done { .. }),
            Body::Call(call) => !matches!(call.phase, CallPhase::Done(_)),
            Body::Cell(_) | Body::Gallery(_) | Body::Show(_) => false,
        };
        let last = self.transcript.entries().iter().rev().take(256);
        self.kernels
            .iter()
            .any(|kernel| kernel.status == KernelStatus::Busy)
            || last.into_iter().any(is_at_work)
    }

    /// Does what the prompt made of a key.
    fn obey(&mut self, action: PromptAction) {
        match action {
            PromptAction::None | PromptAction::Redraw => {}
            PromptAction::Submit(text) => self.submit(&text),
            PromptAction::Complete {
                request,
                source,
                cursor,
            } => {
                let language = self.language;
                self.send(Command::Complete {
                    request,
                    language,
                    source,
                    cursor,
                });
            }
            PromptAction::Interrupt => self.interrupt(),
            PromptAction::EndOfFile => match self.question.take() {
                Some((cell, _)) => self.send(Command::Reply { cell, line: None }),
                None => self.send(Command::Quit),
            },
            PromptAction::OpenEditor => self.ask(AppEffect::OpenEditor),
            PromptAction::SwitchLanguage(language) => self.switch_language(language),
            PromptAction::Action(action) => self.act(action),
            PromptAction::Refused(why) => self.notify(NoticeLevel::Warning, why),
        }
    }

    fn submit(&mut self, text: &str) {
        if let Some((cell, _)) = self.question.take() {
            self.send(Command::Reply {
                cell,
                line: Some(text.to_owned()),
            });
            return;
        }
        if text.trim().is_empty() {
            return;
        }
        self.notices.dismiss();
        self.with_view(|view, screen| {
            view.select(screen, None);
            view.scroll_to_end();
        });
        let kind = if let Some(line) = slash::parse(text) {
            self.run_slash(line);
            HistoryKind::Slash
        } else if let Some(command) = slash::shell_line(self.language, text) {
            self.run_cell(Language::Shell, command);
            HistoryKind::Cell
        } else {
            self.run_cell(self.language, text);
            HistoryKind::Cell
        };
        self.remember(text, kind);
    }

    /// Hands a cell to its kernel.
    pub fn run_cell(&mut self, language: Language, source: &str) {
        let source = source.to_owned();
        self.send(Command::Submit(Cell {
            language,
            source,
            origin: Origin::User,
        }));
    }

    fn remember(&mut self, text: &str, kind: HistoryKind) {
        let is_repeated = self
            .history
            .last()
            .is_some_and(|last| last.source == text && last.this_session);
        if is_repeated {
            return;
        }
        let language = self.language;
        let recall = Recall {
            source: text.to_owned(),
            language,
            this_session: true,
            at: self.now,
        };
        self.history.push(recall.clone());
        self.prompt.push_history(recall);
        if !HistoryEntry::is_private(text) {
            self.send(Command::Remember {
                language,
                source: text.to_owned(),
                kind,
            });
        }
    }

    /// What other instances, and earlier sessions, typed. Our own lines are known already.
    fn learn_history(&mut self, entries: Vec<HistoryEntry>) {
        let Some(last) = entries.last() else { return };
        self.last_history_id = self.last_history_id.max(last.id);
        let fresh = entries
            .into_iter()
            .filter(|entry| entry.session != self.session)
            .map(|entry| Recall {
                source: entry.source,
                language: entry.language,
                this_session: false,
                at: entry.at,
            });
        self.history.extend(fresh);
        self.history.sort_by_key(|recall| recall.at);
        self.prompt.set_history(self.history.clone());
    }

    /// Asks for what was typed elsewhere since the last look.
    pub fn recall(&mut self) {
        self.send(Command::Recall {
            after: self.last_history_id,
        });
    }

    /// Opens the history, looking for a text.
    pub fn open_history(&mut self, query: &str) {
        self.prompt.open_history(query, self.now);
    }

    /// Ctrl-C: stops what runs; with nothing running it says how to leave.
    fn interrupt(&mut self) {
        if self.is_busy() || self.queued() > 0 {
            self.send(Command::Interrupt { cell: None });
        } else {
            self.notify(NoticeLevel::Info, "nothing runs; Ctrl-D or /quit leaves");
        }
    }

    fn end_question(&mut self) {
        self.question = None;
        if let Some(text) = self.stashed.take() {
            self.prompt.set_text(&text);
        }
    }

    /// The language of the next cells.
    pub fn switch_language(&mut self, language: Language) {
        self.language = language;
        self.send(Command::Set(SettingChange::Language(language)));
    }

    fn scroll(&mut self, rows: isize) {
        if self.layers.is_empty() {
            self.with_view(|view, screen| view.scroll_by(screen, rows));
        } else {
            self.scroll_layer(rows);
        }
    }

    /// The cell that a command without a number means: the selected one, or the last.
    pub fn chosen_cell(&self) -> Option<CellId> {
        let last = self.transcript.entries().iter().rev();
        self.view.selected().or_else(|| {
            last.filter(|entry| matches!(entry.body, Body::Cell(_) | Body::Call(_)))
                .map(|e| e.cell)
                .next()
        })
    }

    /// Does what a key of the keymap means.
    fn act(&mut self, action: Action) {
        match action {
            Action::ScrollUp => self.scroll(-1),
            Action::ScrollDown => self.scroll(1),
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
            Action::OpenOutput => {
                if let Some(cell) = self.cell("") {
                    self.open_output(cell);
                }
            }
            Action::CopyCell => {
                if let Some(cell) = self.cell("") {
                    self.copy_cell(cell, super::plain::Part::All);
                }
            }
            Action::Search => self.open_search(""),
            Action::SearchNext => self.with_view(TranscriptView::next_match),
            Action::SwitchLanguage => self.switch_language(self.language.next()),
            Action::ShowKernels => self.show_kernels(),
            Action::Interrupt => self.interrupt(),
            Action::UndoCell => self.travel(slash::Slash::Undo, ""),
            Action::RedoCell => self.travel(slash::Slash::Redo, ""),
            // The prompt does these itself.
            Action::RunNow | Action::HistorySearch | Action::Editor => {}
            Action::SwitchEditMode => {
                self.prompt.set_mode(self.prompt.mode().other());
            }
            Action::Help => self.open_help(None),
            Action::ChooseTheme => self.choose_theme(),
            Action::ToggleMouse => {
                self.has_mouse = !self.has_mouse;
                self.ask(AppEffect::SetMouse(self.has_mouse));
                let text = if self.has_mouse {
                    "the wheel scrolls here; select text with Shift held"
                } else {
                    "the mouse is your terminal's again"
                };
                self.notify(NoticeLevel::Info, text);
            }
            Action::Redraw => self.ask(AppEffect::Redraw),
            Action::Suspend => self.ask(AppEffect::Suspend),
            Action::Quit => self.send(Command::Quit),
        }
    }

    /// What slash commands can be followed by: numbers of cells, newest first, and more.
    fn refresh_choices(&mut self) {
        if !self.prompt.text().starts_with('/') {
            return;
        }
        self.refresh_sandbox_choices();
        let cells = self
            .transcript
            .entries()
            .iter()
            .rev()
            .take(50)
            .filter_map(|entry| {
                let first_line = match &entry.body {
                    Body::Cell(cell) => cell.source.lines().next().unwrap_or_default(),
                    Body::Call(call) => &call.call.name,
                    Body::Image(_) | Body::Gallery(_) | Body::Show(_) => return None,
                };
                Some(Choice::new(entry.cell.to_string(), first_line))
            });
        self.choices.cells = cells.collect();
    }
}
