//! The terminal: taken over on the way in, and given back on every way out.
//!
//! Invariants: [`restore`] may be called at any time from any thread and does its work once. One
//! thread reads events, [`Terminal::read_events`]'s, and it is parked while anything else owns the
//! terminal. Nothing is written after the terminal was given back, and nothing but frames before:
//! what is said on standard error meanwhile is told afterwards.

mod events;
mod signals;
mod stderr;

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::cursor::SetCursorStyle;
use crossterm::event::Event;
use crossterm::queue;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

use super::image::{Capabilities, DELETE_KITTY_PICTURES};
use crate::panics::{self, is_contained};

use events::Gate;
pub(crate) use signals::{TerminalSignal, watch_signals};

/// The alternate screen, cleared; bracketed paste.
const ENTER: &str = "\x1b[?1049h\x1b[2J\x1b[H\x1b[?2004h";
/// Escape codes that are not ambiguous any more.
const PUSH_KEYBOARD: &str = "\x1b[>1u";
const POP_KEYBOARD: &str = "\x1b[<u";
/// Buttons, drags, and the wheel, in the encoding that knows wide terminals.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// An unfinished update ended, no paste brackets, the caret's own shape, no colours, the main
/// screen, a visible caret.
const LEAVE: &str = "\x1b[?2026l\x1b[?2004l\x1b[0 q\x1b[0m\x1b[?1049l\x1b[?25h";
const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// More messages than this help nobody.
const MAX_BACKGROUND_PANICS: usize = 16;

const ENTERED: u8 = 1;
const KEYBOARD: u8 = 2;
const KITTY_PICTURES: u8 = 4;
const MOUSE: u8 = 8;

/// What has to be undone.
static STATE: AtomicU8 = AtomicU8::new(0);
/// Someone else, an editor say, owns the terminal and its signals.
static IS_LENT: AtomicBool = AtomicBool::new(false);
static UI_THREAD: Mutex<Option<ThreadId>> = Mutex::new(None);
static BACKGROUND_PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The shape of the caret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CursorShape {
    /// The terminal's own.
    #[default]
    Default,
    /// Vi's normal mode.
    Block,
    /// Insertion.
    Bar,
}

/// The terminal in full-screen use. Dropping it gives the terminal back.
pub(crate) struct Terminal {
    screen: ratatui::Terminal<CrosstermBackend<Output>>,
    features: u8,
    shape: CursorShape,
    gate: Arc<Gate>,
}

impl Terminal {
    /// Takes the terminal over, and has panics of this thread give it back first.
    ///
    /// # Errors
    /// If standard input or output is no terminal, or it cannot be set up.
    pub fn enter(capabilities: &Capabilities) -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "standard input and output must be a terminal; try `companion run` in a pipe",
            ));
        }
        *lock(&UI_THREAD) = Some(thread::current().id());
        install_panic_hook();
        let mut features = ENTERED;
        if capabilities.keyboard {
            features |= KEYBOARD;
        }
        if capabilities.kitty {
            features |= KITTY_PICTURES;
        }
        take_over(features).inspect_err(|_| restore())?;
        let backend = CrosstermBackend::new(Output::default());
        let screen = ratatui::Terminal::new(backend).inspect_err(|_| restore())?;
        Ok(Self {
            screen,
            features,
            shape: CursorShape::default(),
            gate: Arc::default(),
        })
    }

    /// Draws one frame in one synchronized update; `paint` writes what is no cell afterwards.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn draw(
        &mut self,
        render: impl FnOnce(&mut Frame<'_>),
        paint: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.out().write_all(BEGIN_UPDATE)?;
        self.screen.draw(render)?;
        let painted = paint(self.out());
        self.out().write_all(END_UPDATE)?;
        self.out().flush()?;
        painted
    }

    /// Forgets what is on the screen, so that the next frame is written in full. Call
    /// [`super::image::Pictures::invalidate`] with it.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn redraw_fully(&mut self) -> io::Result<()> {
        // ratatui's `clear` asks the terminal where the caret is, and waits for the answer beside
        // the event reader; a resize to the same size clears without asking.
        let size = self.screen.size()?;
        self.screen.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Takes the mouse, or gives it back.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn set_mouse(&mut self, captured: bool) -> io::Result<()> {
        let sequence = if captured {
            self.features |= MOUSE;
            MOUSE_ON
        } else {
            self.features &= !MOUSE;
            MOUSE_OFF
        };
        STATE.store(self.features, Ordering::SeqCst);
        self.out().write_all(sequence.as_bytes())?;
        self.out().flush()
    }

    /// Changes the caret's shape, with the next frame.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn set_cursor_shape(&mut self, shape: CursorShape) -> io::Result<()> {
        if self.shape == shape {
            return Ok(());
        }
        self.shape = shape;
        let style = match shape {
            CursorShape::Default => SetCursorStyle::DefaultUserShape,
            CursorShape::Block => SetCursorStyle::SteadyBlock,
            CursorShape::Bar => SetCursorStyle::SteadyBar,
        };
        queue!(self.out(), style)
    }

    /// Writes a sequence that moves nothing on the screen: OSC 52, say.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn write_sequence(&mut self, sequence: &[u8]) -> io::Result<()> {
        self.out().write_all(sequence)?;
        self.out().flush()
    }

    /// Starts the one thread that reads events. It ends when `send` gives `false`, or when the
    /// terminal has gone: `send` then gets the error.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn read_events(
        &self,
        send: impl FnMut(io::Result<Event>) -> bool + Send + 'static,
    ) -> io::Result<()> {
        Gate::spawn_reader(&self.gate, send)
    }

    /// Gives the terminal to `run`, an editor say, and takes it back afterwards. The next frame
    /// is written in full.
    ///
    /// # Errors
    /// If the terminal cannot be taken back.
    pub fn with_suspended<T>(&mut self, run: impl FnOnce() -> T) -> io::Result<T> {
        self.gate.close();
        restore();
        IS_LENT.store(true, Ordering::SeqCst);
        let result = run();
        IS_LENT.store(false, Ordering::SeqCst);
        let resumed = self.resume();
        self.gate.open();
        resumed.map(|()| result)
    }

    /// Ctrl-Z: gives the terminal to the shell and stops the process; returns when it goes on.
    ///
    /// # Errors
    /// If the terminal cannot be taken back.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.with_suspended(|| emulate_default_handler(SIGTSTP))?
    }

    /// Takes the terminal over once more, whatever state the shell left it in. The next frame is
    /// written in full.
    ///
    /// # Errors
    /// If the terminal cannot be set up.
    pub fn resume(&mut self) -> io::Result<()> {
        // So that raw mode is set again even if it is believed to be on.
        restore();
        take_over(self.features)?;
        let shape = std::mem::take(&mut self.shape);
        self.set_cursor_shape(shape)?;
        self.redraw_fully()
    }

    fn out(&mut self) -> &mut CrosstermBackend<Output> {
        self.screen.backend_mut()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.gate.close();
        restore();
        stderr::tell();
        for message in take_background_panics() {
            // The last resort: nobody showed it.
            let _ = writeln!(io::stderr(), "{message}");
        }
    }
}

/// Gives the terminal back, once, whoever calls.
pub(crate) fn restore() {
    let features = STATE.swap(0, Ordering::SeqCst);
    if features & ENTERED == 0 {
        return;
    }
    let mut sequence = String::new();
    for (feature, undo) in [
        (KITTY_PICTURES, DELETE_KITTY_PICTURES),
        (KEYBOARD, POP_KEYBOARD),
        (MOUSE, MOUSE_OFF),
    ] {
        if features & feature != 0 {
            sequence.push_str(undo);
        }
    }
    sequence.push_str(LEAVE);
    write_directly(sequence.as_bytes());
    // Nothing can be done about a terminal that has gone.
    let _ = disable_raw_mode();
    stderr::restore();
}

/// What threads other than the UI's said when they panicked: their messages would have
/// destroyed the screen.
pub(crate) fn take_background_panics() -> Vec<String> {
    std::mem::take(&mut *lock(&BACKGROUND_PANICS))
}

fn take_over(features: u8) -> io::Result<()> {
    enable_raw_mode()?;
    STATE.store(features, Ordering::SeqCst);
    let mut sequence = String::from(ENTER);
    for (feature, on) in [(KEYBOARD, PUSH_KEYBOARD), (MOUSE, MOUSE_ON)] {
        if features & feature != 0 {
            sequence.push_str(on);
        }
    }
    let mut out = io::stdout();
    out.write_all(sequence.as_bytes())?;
    out.flush()?;
    // A full disk is no reason to stay away: the screen may be written over then.
    let _ = stderr::divert();
    Ok(())
}

fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if is_contained() {
                return;
            }
            let has_terminal = STATE.load(Ordering::SeqCst) & ENTERED != 0;
            // `try_lock`: a hook must not wait.
            let ui_thread = UI_THREAD.try_lock().ok().and_then(|id| *id);
            if has_terminal && ui_thread != Some(thread::current().id()) {
                if let Ok(mut panics) = BACKGROUND_PANICS.try_lock()
                    && panics.len() < MAX_BACKGROUND_PANICS
                {
                    let name = thread::current().name().unwrap_or("unnamed").to_owned();
                    let place = info.location().map(ToString::to_string);
                    let message = panics::message(info.payload());
                    let place = place.unwrap_or_default();
                    panics.push(format!("thread {name} panicked at {place}: {message}"));
                }
                return;
            }
            restore();
            report(info);
        }));
    });
}

/// Writes past the standard library's lock, which a stuck thread may hold, and gives up on a
/// terminal that takes nothing.
fn write_directly(mut bytes: &[u8]) {
    let stdout = io::stdout();
    let fd = stdout.as_fd();
    let patience = Timespec {
        tv_sec: 0,
        tv_nsec: 300_000_000,
    };
    while !bytes.is_empty() {
        let mut polled = [PollFd::new(&fd, PollFlags::OUT)];
        match poll(&mut polled, Some(&patience)) {
            Ok(1..) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Ok(0) | Err(_) => return,
        }
        match rustix::io::write(fd, bytes) {
            Ok(count) if count > 0 => bytes = bytes.get(count..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// Standard output in large pieces. Unlike a `BufWriter` it writes nothing when dropped, and
/// nothing at all once the terminal was given back.
#[derive(Debug, Default)]
struct Output {
    buffer: Vec<u8>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > 1 << 18 {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if STATE.load(Ordering::SeqCst) & ENTERED != 0 && !self.buffer.is_empty() {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&self.buffer)?;
            stdout.flush()?;
        }
        self.buffer.clear();
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "terminal_tests.rs"]
mod tests;
