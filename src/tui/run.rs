//! The loop: one channel in, frames out.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crossterm::clipboard::CopyToClipboard;
use crossterm::{Command as _, event};

use super::app::{App, AppEffect, Setup};
use super::image::{
    Capabilities, ImageCache, Look, PictureKey, Pictures, Placement, probe, typed_text,
};
use super::keymap::Keymap;
use super::layers::Layer;
use super::prompt::{EditModeKind, edit_in_editor};
use super::terminal::{
    CursorShape, Terminal, TerminalSignal, take_background_panics, watch_signals,
};
use super::theme::{ColorDepth, Theme, ThemeError};
use super::{backend_choice, findings, highlight, plain, theme, tools, view};
use crate::builtin::Engines;
use crate::config::{Config, EditMode, Folders};
use crate::doctor;
use crate::error::Report;
use crate::kernel::find_program;
use crate::picture;
use crate::protocol::{Artifact, Command, Event, NoticeLevel, SettingChange};
use crate::runtime::{self, Previews};
use crate::safety::Judge;
use crate::session::Body;
use crate::store::{self, Store, now};
use crate::tool::{Filter, Place, ToolSpec, Toolbox};

/// Messages that may wait for the loop before their senders wait for it.
const ROOM: usize = 64;
/// The loop takes messages in for so long before it draws.
const GATHER: Duration = Duration::from_millis(6);
/// Frames that only output asks for are at least so far apart: a flood is not a film.
const FRAME: Duration = Duration::from_millis(25);
/// The most that a terminal is sent for its clipboard: more is commonly thrown away.
const CLIPBOARD_BYTES: usize = 100 << 10;
/// The pager opens outputs up to this size.
const PAGER_BYTES: u64 = 64 << 20;

/// What the UI begins with.
pub(crate) struct Options<'a> {
    /// Where things are.
    pub folders: &'a Folders,
    /// What the user has set.
    pub config: &'a Config,
    /// The theme of the command line.
    pub theme: Option<&'a str>,
    /// What the configuration had to warn of.
    pub warnings: Vec<String>,
    /// What tools are called through.
    pub toolbox: Arc<Toolbox>,
    /// What they reach.
    pub engines: Arc<Engines>,
    /// Where they are called from.
    pub place: Place,
}

/// What wakes the loop.
enum Message {
    Terminal(io::Result<event::Event>),
    Session(Event),
    SessionOver,
    Signal(TerminalSignal),
    /// Something that is drawn has changed elsewhere: a picture is ready.
    Refresh,
    /// Models and styles of pictures, with a line about each.
    Names(Vec<(String, String)>, Vec<(String, String)>),
    /// Which tools there are.
    Tools(Vec<ToolSpec>),
    /// A page that another thread made, or why there is none.
    Page(String, Result<String, String>),
}

/// Opens the UI and stays until the user leaves. The exit code.
///
/// # Errors
/// When the terminal, the theme or a kernel can't be had.
pub(crate) fn run(options: Options<'_>) -> Result<u8, Report> {
    let Options {
        folders,
        config,
        theme,
        warnings,
        toolbox,
        engines,
        place,
    } = options;
    let probed = probe();
    let capabilities = probed.capabilities;
    let themes = Themes::new(folders, &capabilities);
    let keymap = Keymap::with_overrides(&config.keys)
        .map_err(|error| Report::usage(format!("[keys] in config.toml: {error}")))?;
    let (first_theme, theme_warnings) = themes.load(theme.unwrap_or(&config.theme))?;
    let store: Arc<dyn Store> = Arc::from(store::open(&folders.data));
    let (send, messages) = mpsc::sync_channel(ROOM);
    let previews = Previews::default();
    let pictures = start_pictures(&capabilities, config, &store, &previews, &send)?;

    let judge = Judge::load(&folders.policy_file())?;
    let terminal = Terminal::enter(&capabilities).map_err(no_terminal)?;
    let names = engines
        .generator
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .names();
    let (handle, mut events) = runtime::start(runtime::Options {
        language: config.language,
        limits: config.limits(),
        program: find_program()?,
        store: Arc::clone(&store),
        examiner: Box::new(judge),
        toolbox: Arc::clone(&toolbox),
        engines,
        place: place.clone(),
        previews,
    })
    .map_err(|error| Report::failure("can't start").cause(error.to_string()))?;
    let app = App::new(Setup {
        session: handle.session().clone(),
        keymap,
        theme: first_theme,
        themes: themes.names(),
        edit_mode: match config.edit_mode {
            EditMode::Emacs => EditModeKind::Emacs,
            EditMode::Vi => EditModeKind::Vi,
        },
        language: config.language,
        limits: config.limits(),
        cell_size: capabilities.cell_size,
        has_mouse: config.mouse,
        now: now(),
    });
    let mut ui = Ui {
        app,
        terminal,
        pictures,
        themes,
        handle,
        store,
        capabilities,
        toolbox,
        place,
        send,
        folders,
        config,
        exit_code: None,
        is_stale: true,
        drawn_at: None,
        picture_change: None,
    };
    for warning in warnings.into_iter().chain(theme_warnings) {
        ui.app.notify(NoticeLevel::Warning, warning);
    }
    // The first frame comes before everything that takes time.
    ui.draw().map_err(no_terminal)?;
    if config.mouse {
        ui.terminal.set_mouse(true).map_err(no_terminal)?;
    }
    let forward = ui.send.clone();
    let forward_names = ui.send.clone();
    spawn("names", move || {
        let (models, styles) = names();
        drop(forward_names.send(Message::Names(models, styles)));
    })?;
    let forward_tools = ui.send.clone();
    let registry = Arc::clone(&ui.toolbox);
    spawn("tools", move || {
        let changes = registry.registry.subscribe();
        loop {
            let all = registry.registry.list(&Filter::default());
            let specs = all.iter().map(|tool| tool.spec().clone()).collect();
            if forward_tools.send(Message::Tools(specs)).is_err() || changes.recv().is_err() {
                return;
            }
        }
    })?;
    spawn("events", move || {
        while let Some(event) = events.next() {
            if forward.send(Message::Session(event)).is_err() {
                return;
            }
        }
        let _ = forward.send(Message::SessionOver);
    })?;
    let forward = ui.send.clone();
    ui.terminal
        .read_events(move |event| forward.send(Message::Terminal(event)).is_ok())
        .map_err(no_terminal)?;
    let forward = ui.send.clone();
    watch_signals(move |signal| drop(forward.send(Message::Signal(signal))))
        .map_err(no_terminal)?;
    let forward = ui.send.clone();
    // Whatever stands there already is drawn again, in colour.
    highlight::warm(move || drop(forward.try_send(Message::Refresh)));
    ui.perform(AppEffect::Send(Command::Set(SettingChange::Language(
        config.language,
    ))));
    ui.app.recall();
    let typed = typed_text(&probed.typed);
    let effects = if typed.is_empty() {
        ui.app.take_effects()
    } else {
        ui.app.handle_terminal(event::Event::Paste(typed), now())
    };
    ui.perform_all(effects);

    let done = ui.serve(&messages);
    // Whoever still has something to tell must not wait for a loop that is over: the runtime could
    // not end behind it.
    drop(messages);
    ui.leave(done)
}

struct Ui<'a> {
    app: App,
    terminal: Terminal,
    pictures: Option<Pictures>,
    themes: Themes,
    handle: runtime::Handle,
    store: Arc<dyn Store>,
    capabilities: Capabilities,
    toolbox: Arc<Toolbox>,
    place: Place,
    send: SyncSender<Message>,
    folders: &'a Folders,
    config: &'a Config,
    exit_code: Option<u8>,
    is_stale: bool,
    drawn_at: Option<Instant>,
    /// When pictures want another frame.
    picture_change: Option<Instant>,
}

impl Ui<'_> {
    /// Runs until something says to leave.
    fn serve(&mut self, messages: &mpsc::Receiver<Message>) -> io::Result<()> {
        while self.exit_code.is_none() {
            let message = match messages.recv_timeout(self.patience()) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => {
                    self.app.now = now();
                    self.is_stale = true;
                    None
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let began = Instant::now();
            let mut is_urgent = message.is_none();
            let mut next = message;
            while let Some(message) = next {
                is_urgent |= !matches!(message, Message::Session(_));
                self.take(message)?;
                next = if began.elapsed() < GATHER && self.exit_code.is_none() {
                    messages.try_recv().ok()
                } else {
                    None
                };
            }
            for panic in take_background_panics() {
                self.app.notify(NoticeLevel::Error, panic);
                self.is_stale = true;
            }
            let is_early = self
                .drawn_at
                .is_some_and(|drawn_at| drawn_at.elapsed() < FRAME);
            if self.is_stale && (is_urgent || !is_early) {
                self.draw()?;
            }
        }
        Ok(())
    }

    /// How long nothing may happen before a frame is due.
    fn patience(&self) -> Duration {
        let idle = Duration::from_hours(1);
        if self.is_stale {
            let since = self.drawn_at.map_or(FRAME, |drawn_at| drawn_at.elapsed());
            return FRAME.saturating_sub(since);
        }
        let pictures = self
            .picture_change
            .map(|at| at.saturating_duration_since(Instant::now()));
        [self.app.next_change(), pictures]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(idle)
    }

    fn take(&mut self, message: Message) -> io::Result<()> {
        self.is_stale = true;
        let effects = match message {
            Message::Terminal(event) => {
                let event = event?;
                if matches!(event, event::Event::Resize(..)) {
                    // Back at its old size, a terminal may have lost what it showed.
                    self.terminal.redraw_fully()?;
                    self.forget_pictures();
                }
                self.app.handle_terminal(event, now())
            }
            Message::Session(event) => self.app.handle_event(event, now()),
            Message::SessionOver => {
                self.exit_code.get_or_insert(0);
                Vec::new()
            }
            Message::Signal(TerminalSignal::Quit { signal }) => {
                self.exit_code = Some(u8::try_from(128 + signal).unwrap_or(1));
                Vec::new()
            }
            Message::Signal(TerminalSignal::Suspend) => vec![AppEffect::Suspend],
            Message::Signal(TerminalSignal::Continued) => {
                self.terminal.resume()?;
                self.forget_pictures();
                Vec::new()
            }
            Message::Refresh => Vec::new(),
            Message::Names(models, styles) => {
                self.app.learn_image_names(models, styles);
                Vec::new()
            }
            Message::Tools(tools) => {
                self.app.learn_tools(tools);
                Vec::new()
            }
            Message::Page(title, Ok(text)) => {
                self.app.layers.push(Layer::page(&title, &text));
                Vec::new()
            }
            Message::Page(_, Err(message)) => {
                self.app.notify(NoticeLevel::Error, message);
                Vec::new()
            }
        };
        self.perform_all(effects);
        Ok(())
    }

    fn perform_all(&mut self, effects: Vec<AppEffect>) {
        for effect in effects {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: AppEffect) {
        match effect {
            AppEffect::Send(command) => self.handle.send(command),
            AppEffect::OpenEditor => self.open_editor(),
            AppEffect::Copy(text) => self.copy(&text),
            AppEffect::LoadOutput(cell) => {
                let entry = self.app.transcript.get(cell);
                let (whole, size) = match entry.map(|entry| &entry.body) {
                    Some(Body::Cell(body)) => (body.output.whole, body.output.total_bytes),
                    // Tools give no more than the pager takes.
                    Some(Body::Call(call)) => (call.outcome().and_then(|end| end.whole), 0),
                    _ => return,
                };
                let Some(blob) = whole else {
                    return;
                };
                let store = Arc::clone(&self.store);
                self.make_page(format!("Cell {cell}"), move || {
                    if size > PAGER_BYTES {
                        let path = store.blobs().path(blob);
                        return Err(format!("too long for the pager: less {}", path.display()));
                    }
                    let bytes = store
                        .blobs()
                        .read(blob)
                        .map_err(|error| error.to_string())?;
                    Ok(String::from_utf8_lossy(&bytes).into_owned())
                });
            }
            AppEffect::ExplainCall(call) => {
                let (toolbox, place) = (Arc::clone(&self.toolbox), self.place.clone());
                let title = format!("Why {}", call.name);
                self.make_page(title, move || {
                    let told = tools::explain(&toolbox, &call, &place);
                    told.map_err(|error| error.to_string())
                });
            }
            AppEffect::ExplainLast => {
                let told = tools::why(self.toolbox.last().as_ref());
                self.app.notify(NoticeLevel::Info, told);
            }
            AppEffect::Export(path) => self.export(&path),
            AppEffect::Examine => {
                let (folders, config) = (self.folders.clone(), self.config.clone());
                let terminal = findings(&self.capabilities, config.graphics);
                self.make_page("Doctor".to_owned(), move || {
                    let mut findings = doctor::examine(&folders, &config);
                    findings.extend(terminal);
                    Ok(doctor::render(&findings, false))
                });
            }
            AppEffect::LoadTheme(name) => match self.themes.load(&name) {
                Ok((theme, warnings)) => {
                    self.app.theme = theme;
                    self.app.view.invalidate();
                    for warning in warnings {
                        self.app.notify(NoticeLevel::Warning, warning);
                    }
                }
                Err(error) => self.app.notify(NoticeLevel::Error, error.to_string()),
            },
            AppEffect::SetMouse(is_captured) => {
                let set = self.terminal.set_mouse(is_captured);
                self.tell_failure("can't change the mouse", set);
            }
            AppEffect::Redraw => {
                let drawn = self.terminal.redraw_fully();
                self.tell_failure("can't draw", drawn);
                self.forget_pictures();
            }
            AppEffect::Suspend => {
                let suspended = self.terminal.suspend();
                self.forget_pictures();
                self.tell_failure("can't suspend", suspended);
            }
            AppEffect::Quit => {
                self.exit_code.get_or_insert(0);
            }
        }
    }

    /// Has another thread make a text for the pager.
    fn make_page(
        &mut self,
        title: String,
        make: impl FnOnce() -> Result<String, String> + Send + 'static,
    ) {
        let send = self.send.clone();
        let spawned = spawn("page", move || {
            drop(send.send(Message::Page(title, make())));
        });
        if let Err(report) = spawned {
            self.app.notify(NoticeLevel::Error, report.to_string());
        }
    }

    fn open_editor(&mut self) {
        let text = self.app.prompt.text().to_owned();
        let language = self.app.language;
        let edited = self
            .terminal
            .with_suspended(|| edit_in_editor(&text, language));
        self.forget_pictures();
        match edited {
            Ok(Ok(text)) => self.app.prompt.set_text(&text),
            Ok(Err(error)) | Err(error) => {
                self.app
                    .notify(NoticeLevel::Error, format!("the editor: {error}"));
            }
        }
    }

    fn copy(&mut self, text: &str) {
        let end = text.floor_char_boundary(CLIPBOARD_BYTES);
        if end < text.len() {
            let cut = format!("only the first {end} bytes: terminals take no more at once");
            self.app.notify(NoticeLevel::Warning, cut);
        }
        let mut sequence = String::new();
        let written = CopyToClipboard::to_clipboard_from(&text[..end]).write_ansi(&mut sequence);
        if written.is_ok() {
            let sent = self.terminal.write_sequence(sequence.as_bytes());
            self.tell_failure("can't copy", sent);
        }
    }

    fn export(&mut self, path: &Path) {
        let text = plain::transcript(&self.app.transcript);
        if path.exists() {
            let text = format!("{} exists: choose another name", path.display());
            self.app.notify(NoticeLevel::Warning, text);
            return;
        }
        match crate::atomic::write(path, text.as_bytes()) {
            Ok(()) => self
                .app
                .notify(NoticeLevel::Info, format!("written to {}", path.display())),
            Err(error) => {
                let text = format!("can't write {}: {error}", path.display());
                self.app.notify(NoticeLevel::Error, text);
            }
        }
    }

    fn tell_failure(&mut self, what: &str, done: io::Result<()>) {
        if let Err(error) = done {
            self.app
                .notify(NoticeLevel::Error, format!("{what}: {error}"));
        }
    }

    fn forget_pictures(&mut self) {
        if let Some(pictures) = &mut self.pictures {
            pictures.invalidate();
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let Self {
            app,
            terminal,
            pictures,
            capabilities,
            ..
        } = self;
        app.now = now();
        let shape = match app.prompt.mode_label() {
            "vi normal" | "vi visual" => CursorShape::Block,
            "vi insert" => CursorShape::Bar,
            _ => CursorShape::Default,
        };
        terminal.set_cursor_shape(shape)?;
        // Both halves of a frame need them, one after the other.
        let pictures = RefCell::new(pictures.as_mut());
        terminal.draw(
            |frame| {
                let drawn = app.draw_under(frame.buffer_mut());
                if let Some(pictures) = pictures.borrow_mut().as_mut() {
                    let look = Look::of(&app.theme, capabilities);
                    let placements: Vec<_> = drawn.placements.iter().map(placement).collect();
                    let (buffer, now) = (frame.buffer_mut(), Instant::now());
                    pictures.draw(buffer, &placements, &drawn.covered, &look, now);
                }
                if let Some(caret) = app.draw_over(drawn, frame.buffer_mut()) {
                    frame.set_cursor_position(caret);
                }
            },
            |out| {
                pictures
                    .borrow_mut()
                    .as_mut()
                    .map_or(Ok(()), |pictures| pictures.present(out))
            },
        )?;
        let change = self.pictures.as_ref().and_then(Pictures::changes_in);
        self.picture_change = change.map(|delay| Instant::now() + delay);
        self.drawn_at = Some(Instant::now());
        // Colours of a long text come in over several frames.
        self.is_stale = self.app.prompt.wants_frame();
        Ok(())
    }

    /// Gives the terminal back, then the transcript to the scrollback, then waits for the disk.
    fn leave(self, done: io::Result<()>) -> Result<u8, Report> {
        let Self {
            app,
            terminal,
            handle,
            config,
            exit_code,
            ..
        } = self;
        drop(terminal);
        if config.transcript_on_exit && done.is_ok() {
            let text = plain::transcript(&app.transcript);
            let _ = io::stdout().lock().write_all(text.as_bytes());
        }
        drop(handle);
        done.map_err(|error| Report::failure("the terminal went away").cause(error.to_string()))?;
        Ok(exit_code.unwrap_or(0))
    }
}

/// Themes by name, as this terminal can show them.
struct Themes {
    folder: PathBuf,
    depth: ColorDepth,
    has_colours: bool,
}

impl Themes {
    fn new(folders: &Folders, capabilities: &Capabilities) -> Self {
        let depth = ColorDepth::detect(
            std::env::var("COLORTERM").ok().as_deref(),
            std::env::var("TERM").ok().as_deref(),
        );
        let folder = folders.config.join("themes");
        Self {
            folder,
            depth,
            has_colours: !capabilities.no_color,
        }
    }

    fn load(&self, name: &str) -> Result<(Theme, Vec<String>), ThemeError> {
        let name = if name == "auto" { "ansi" } else { name };
        if !self.has_colours {
            return Ok((Theme::plain(), Vec::new()));
        }
        let (theme, warnings) = Theme::load(name, Some(&self.folder))?;
        Ok((theme.reduced(self.depth), warnings))
    }

    fn names(&self) -> Vec<String> {
        theme::names(Some(&self.folder))
    }
}

impl From<ThemeError> for Report {
    fn from(error: ThemeError) -> Self {
        Self::usage(error.to_string())
    }
}

fn start_pictures(
    capabilities: &Capabilities,
    config: &Config,
    store: &Arc<dyn Store>,
    previews: &Previews,
    send: &SyncSender<Message>,
) -> Result<Option<Pictures>, Report> {
    let Some(choice) = backend_choice(config.graphics) else {
        return Ok(None);
    };
    let (store, previews, send) = (Arc::clone(store), previews.clone(), send.clone());
    let cache = ImageCache::start(
        move |blob| match previews.read(blob) {
            Some(png) => Ok(png),
            None => store.blobs().read(blob).map_err(|error| error.to_string()),
        },
        // A loop that is behind draws anyway.
        move || drop(send.try_send(Message::Refresh)),
    )
    .map_err(|error| Report::failure("no thread for pictures").cause(error.to_string()))?;
    Ok(Some(Pictures::new(capabilities, choice, cache)))
}

/// The view's placement as the pictures take it.
fn placement(placement: &view::Placement) -> Placement {
    let view::Placement {
        artifact,
        rect,
        clip_top,
        size,
        ..
    } = placement;
    Placement {
        key: PictureKey::Blob(artifact.blob),
        area: *rect,
        cols: size.0,
        rows: size.1,
        skip_rows: *clip_top,
        caption: caption(artifact),
    }
}

fn caption(artifact: &Artifact) -> String {
    let Artifact {
        name,
        width,
        height,
        size_bytes,
        ..
    } = artifact;
    format!(
        "{} · {width}×{height} · {}",
        crate::sanitize::sanitize(name),
        picture::shown_size(*size_bytes)
    )
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Report> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(drop)
        .map_err(|error| Report::failure("no thread").cause(error.to_string()))
}

fn no_terminal(error: io::Error) -> Report {
    Report::failure("can't use this terminal").cause(error.to_string())
}
