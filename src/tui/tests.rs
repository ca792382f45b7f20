//! The UI without a terminal: keys and events in, a screen and effects out.

mod calls;
mod logic;
mod look;
mod sandbox;

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::app::{App, AppEffect, Setup};
use super::keymap::{self, Keymap};
use super::prompt::EditModeKind;
use super::view::tests::{text_of, theme};
use crate::protocol::{
    CellId, Command, Cost, Event, HistoryEntry, HistoryKind, KernelStatus, Language, Limits,
    Outcome, OutputExcerpt, SessionId, Status, Stream, Timestamp,
};
use crate::session::Body;

/// An app at a clock that stands still until it is moved.
struct Desk {
    app: App,
    now: Timestamp,
    /// Everything that the app has asked for.
    effects: Vec<AppEffect>,
    cells: u64,
    counts: [u64; 2],
}

impl Desk {
    fn new() -> Self {
        Self::with_theme("dark")
    }

    fn with_theme(name: &str) -> Self {
        let now = Timestamp(1_700_000_000_000);
        let app = App::new(Setup {
            session: SessionId::new(now, 0xbeef),
            keymap: Keymap::default(),
            theme: theme(name),
            themes: ["ansi", "dark", "light"].map(str::to_owned).to_vec(),
            edit_mode: EditModeKind::Emacs,
            language: Language::Python,
            limits: Limits::default(),
            cell_size: Some((10, 20)),
            has_mouse: false,
            now,
        });
        Self {
            app,
            now,
            effects: Vec::new(),
            cells: 0,
            counts: [0; 2],
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now.0 += milliseconds;
        self.app.now = self.now;
    }

    fn press(&mut self, key: KeyEvent) {
        let effects = self.app.handle_terminal(TerminalEvent::Key(key), self.now);
        self.effects.extend(effects);
    }

    /// Presses a key by its name.
    fn key(&mut self, name: &str) {
        self.press(keymap::event(name));
    }

    fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            let modifiers = if letter.is_uppercase() {
                KeyModifiers::SHIFT
            } else {
                KeyModifiers::NONE
            };
            self.press(KeyEvent::new(KeyCode::Char(letter), modifiers));
        }
    }

    /// Types a line and Enter.
    fn enter(&mut self, line: &str) {
        self.type_text(line);
        // A popup would take the first one.
        self.key("esc");
        self.key("enter");
    }

    fn event(&mut self, event: Event) {
        let effects = self.app.handle_event(event, self.now);
        self.effects.extend(effects);
    }

    /// The commands that were sent since the last look, without those of every line.
    fn sent(&mut self) -> Vec<Command> {
        let effects = std::mem::take(&mut self.effects);
        let sent = effects.into_iter().filter_map(|effect| match effect {
            AppEffect::Send(Command::Remember { .. } | Command::Complete { .. }) => None,
            AppEffect::Send(command) => Some(command),
            _ => None,
        });
        sent.collect()
    }

    /// What was asked for that is no command, since the last look.
    fn asked(&mut self) -> Vec<AppEffect> {
        let effects = std::mem::take(&mut self.effects);
        let is_command = |effect: &AppEffect| matches!(effect, AppEffect::Send(_));
        effects.into_iter().filter(|e| !is_command(e)).collect()
    }

    /// The notices, from a screen that has room for them.
    fn notices(&mut self) -> String {
        let area = Rect::new(0, 0, 200, 10);
        let mut buf = Buffer::empty(area);
        self.app
            .notices
            .draw(&self.app.theme, self.now, area, &mut buf);
        text_of(&buf).trim().to_owned()
    }

    fn status(&mut self, language: Language, status: KernelStatus) {
        self.event(Event::KernelChanged { language, status });
    }

    fn submit(&mut self, language: Language, source: &str) -> CellId {
        self.cells += 1;
        let cell = CellId(self.cells);
        self.event(Event::CellSubmitted {
            cell,
            language,
            source: source.to_owned(),
            at: self.now,
        });
        cell
    }

    fn start(&mut self, language: Language, source: &str) -> CellId {
        let cell = self.submit(language, source);
        let count = &mut self.counts[usize::from(language == Language::JavaScript)];
        *count += 1;
        let execution_count = *count;
        self.status(language, KernelStatus::Busy);
        self.event(Event::CellStarted {
            cell,
            execution_count,
            at: self.now,
        });
        cell
    }

    fn print(&mut self, cell: CellId, stream: Stream, text: &str) {
        let text = text.to_owned();
        self.event(Event::CellOutput { cell, stream, text });
    }

    fn finish(&mut self, cell: CellId, status: Status, result: Option<&str>) {
        let entry = self.app.transcript.get(cell).expect("submitted");
        let Body::Cell(body) = &entry.body else {
            panic!("no cell");
        };
        let (language, output) = (body.language, body.output.clone());
        self.event(Event::CellFinished {
            cell,
            outcome: outcome(status, result, output),
            at: self.now,
        });
        self.status(language, KernelStatus::Idle);
    }

    /// A cell that ran to its end.
    fn ran(&mut self, language: Language, source: &str, output: &str, result: Option<&str>) {
        let cell = self.start(language, source);
        if !output.is_empty() {
            self.print(cell, Stream::Stdout, output);
        }
        self.finish(cell, Status::Ok, result);
    }

    /// The screen, pictures as they are while they load.
    fn draw(&mut self, width: u16, height: u16) -> (Buffer, Option<Position>) {
        // Colours of the prompt come in over several frames.
        for _ in 0..50 {
            let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
            let drawn = self.app.draw_under(&mut buf);
            for placement in &drawn.placements {
                for position in placement.rect.positions() {
                    buf[position].set_symbol("▒");
                }
            }
            let caret = self.app.draw_over(drawn, &mut buf);
            if !self.app.prompt.wants_frame() {
                return (buf, caret);
            }
        }
        panic!("the prompt never comes to rest");
    }

    fn screen(&mut self, width: u16, height: u16) -> String {
        let (buf, _) = self.draw(width, height);
        text_of(&buf)
    }
}

fn outcome(status: Status, result: Option<&str>, output: OutputExcerpt) -> Outcome {
    Outcome {
        status,
        result: result.map(Into::into),
        output,
        cost: Cost {
            execution_time: Duration::from_micros(12_345),
            peak_memory_bytes: 21 << 20,
            ..Cost::default()
        },
    }
}

/// A line of the history, typed some seconds before the desk's clock began.
fn typed(id: u64, session: &str, source: &str, seconds_ago: u64) -> HistoryEntry {
    HistoryEntry {
        id,
        session: SessionId(session.to_owned()),
        at: Timestamp(1_700_000_000_000 - seconds_ago * 1000),
        language: Language::Python,
        source: source.to_owned(),
        kind: HistoryKind::Cell,
    }
}
