//! The shell around the pure core: the one place with effects and threads.
//!
//! ```text
//! Handle ── commands ─▶ the loop (one thread, tokio) ── events ─▶ front end
//!                        │  ▲
//!                effects ▼  │ reports
//!        a thread a kernel · the judge's · the painter's · the store's · a thread a file, or a call
//! ```
//!
//! Invariants: the loop never blocks on the world, only on a front end that does not take its
//! events; output travels through bounded channels, so a flood slows down the one who prints.
//!
//! Absent on purpose: decisions. They are the session's.

mod bounded;
mod calls;
#[cfg(test)]
mod calls_tests;
mod effects;
mod functions;
mod judge;
mod kernels;
mod painter;
mod recorder;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use crate::builtin::Engines;
use crate::protocol::{Command, Event, Language, Limits, SessionId};
use crate::session::{Input, InputKind, Report, Session, Step};
use crate::store::{Store, new_session, now};
use crate::tool::{Place, Toolbox};

pub(crate) use judge::Examiner;
pub(crate) use painter::Previews;

use effects::Effects;

/// Events that may wait for a front end before the runtime waits for it.
const EVENT_ROOM: usize = 64;
/// Reports that may wait for the loop before a kernel waits for it.
const REPORT_ROOM: usize = 64;

/// What a run begins with.
pub(crate) struct Options {
    /// The language of the first cells.
    pub language: Language,
    /// The bounds of the first cells.
    pub limits: Limits,
    /// The binary that workers are started from.
    pub program: PathBuf,
    /// Where the session is kept.
    pub store: Arc<dyn Store>,
    /// Who looks at cells before they run.
    pub examiner: Box<dyn Examiner>,
    /// What tools are called through, pictures made, too.
    pub toolbox: Arc<Toolbox>,
    /// What the built-in tools reach.
    pub engines: Arc<Engines>,
    /// Where tools are called from.
    pub place: Place,
    /// Where the newest previews are.
    pub previews: Previews,
}

/// A front end's hold on a run.
pub(crate) struct Handle {
    commands: mpsc::UnboundedSender<Command>,
    thread: Option<JoinHandle<()>>,
    session: SessionId,
}

/// The events of a run, in order. Ends when the session has ended.
pub(crate) struct Events(mpsc::Receiver<Event>);

impl Events {
    /// Waits for the next event.
    pub fn next(&mut self) -> Option<Event> {
        self.0.blocking_recv()
    }
}

/// Starts a session and the loop that drives it.
///
/// # Errors
/// When the system gives no thread, pipe or poll.
pub(crate) fn start(options: Options) -> io::Result<(Handle, Events)> {
    let (commands, command_inbox) = mpsc::unbounded_channel();
    let (event_outbox, events) = mpsc::channel(EVENT_ROOM);
    let (report_outbox, reports) = mpsc::channel(REPORT_ROOM);
    let id = new_session();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (session, first) = Session::start(id.clone(), options.language, options.limits, now());
    let effects = Effects::start(options, id.clone(), report_outbox)?;
    let mut shell = Shell {
        session,
        effects,
        events: event_outbox,
    };
    let thread = std::thread::Builder::new()
        .name("runtime".into())
        .spawn(move || {
            runtime.block_on(async {
                shell.carry_out(first).await;
                shell.run(command_inbox, reports).await;
            });
            shell.effects.finish();
        })?;
    Ok((
        Handle {
            commands,
            thread: Some(thread),
            session: id,
        },
        Events(events),
    ))
}

impl Handle {
    /// Hands a command over. After the end of the session it goes nowhere.
    pub fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// The session's id.
    pub fn session(&self) -> &SessionId {
        &self.session
    }
}

impl Drop for Handle {
    /// Ends the session and waits until what was acknowledged is on disk.
    fn drop(&mut self) {
        self.send(Command::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Shell {
    session: Session,
    effects: Effects,
    events: mpsc::Sender<Event>,
}

impl Shell {
    async fn run(
        &mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut reports: mpsc::Receiver<Report>,
    ) {
        while !self.session.has_ended() {
            let kind = tokio::select! {
                // Commands first: Ctrl-C must not wait behind a flood.
                biased;
                command = commands.recv() => InputKind::Command(command.unwrap_or(Command::Quit)),
                Some(report) = reports.recv() => InputKind::Report(report),
            };
            let step = self.session.handle(Input { at: now(), kind });
            self.carry_out(step).await;
        }
    }

    async fn carry_out(&mut self, step: Step) {
        self.effects.record(&step.events);
        for effect in step.effects {
            self.effects.perform(effect);
        }
        for event in step.events {
            // A front end that is gone has dropped its handle too: `Quit` is on its way.
            let _ = self.events.send(event).await;
        }
    }
}
