//! The parent's side of a kernel: its worker, its cells, its states.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::broker::{Broker, GrantError, Later};
use super::child::{KernelError, Worker};
use super::run::{Ended, Run};
use super::timeline::{States, TravelError};
use super::wire::{self, ToWorker, WireError};
use super::{Desk, ExecuteMode, ExecuteRequest, ReadLineError, Terms};
use crate::protocol::{
    Artifact, CellProgress, Completions, Cost, Grant, Language, Limits, Status, Stream, Timeline,
    Variables,
};

/// One kernel: a language, its limits, and the worker, if one is alive.
pub(crate) struct Kernel {
    language: Language,
    program: PathBuf,
    terms: Terms,
    worker: Option<Worker>,
    controls: Arc<Controls>,
    broker: Box<Broker>,
}

/// What other threads may do to a running cell. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Controller(pub(super) Arc<Controls>);

pub(super) struct Controls {
    waiting: Mutex<Vec<Control>>,
    pub wake: (OwnedFd, OwnedFd),
}

pub(super) enum Control {
    Interrupt,
    Line(Result<String, ReadLineError>),
    /// What the running cell may do from now on.
    Grants(Vec<Grant>),
    /// A request of the broker has come back from its thread.
    Returned(Later),
    /// A tool that works for the cell has come further.
    Progress(CellProgress),
}

impl Controller {
    /// Ends the running cell; a second time, kills it at once.
    pub fn interrupt(&self) {
        self.push(Control::Interrupt);
    }

    /// Answers `read_line`.
    pub fn answer(&self, line: Result<String, ReadLineError>) {
        self.push(Control::Line(line));
    }

    /// Changes what the running cell may do, at once. [`Kernel::set_grants`] has to say the same
    /// when the cell is done, and tells what went wrong.
    pub fn grant(&self, grants: Vec<Grant>) {
        self.push(Control::Grants(grants));
    }

    pub(super) fn push(&self, control: Control) {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(control);
        let _ = rustix::io::write(&self.0.wake.1, &[0]);
    }
}

/// What happens while a cell runs.
#[derive(Debug, PartialEq)]
pub(crate) enum KernelEvent {
    /// It printed.
    Output(Stream, String),
    /// It waits for a line: [`Controller::answer`].
    ReadLine(String),
    /// The line came.
    Answered(String),
    /// How far it says that it is.
    Progress(CellProgress),
    /// A picture that it shows.
    Displayed(Artifact),
}

/// How a cell ended, seen from outside.
#[derive(Debug, PartialEq)]
pub(crate) struct Finished {
    /// How.
    pub status: Status,
    /// The value of the last expression.
    pub result: Option<String>,
    /// At which price.
    pub cost: Cost,
}

impl Kernel {
    /// A kernel whose worker starts with the first cell, or with [`Self::start`].
    ///
    /// # Errors
    /// When the system gives no pipe.
    pub fn new(language: Language, program: PathBuf, limits: &Limits) -> Result<Self, KernelError> {
        let wake = wake_pipe().map_err(|source| KernelError::Spawn {
            language,
            program: program.clone(),
            source,
        })?;
        let controls = Arc::new(Controls {
            waiting: Mutex::new(Vec::new()),
            wake,
        });
        Ok(Self {
            language,
            program,
            terms: Terms {
                accept_missing_walls: limits.accept_missing_walls,
                ..Terms::new(limits.memory_bytes)
            },
            worker: None,
            controls,
            broker: Box::default(),
        })
    }

    /// A handle for other threads.
    pub fn controller(&self) -> Controller {
        Controller(Arc::clone(&self.controls))
    }

    /// Starts the worker if none is alive. Returns whether one was started.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(&mut self) -> Result<bool, KernelError> {
        if let Some(worker) = &mut self.worker
            && worker.is_alive()
        {
            return Ok(false);
        }
        self.drop_worker();
        self.worker = Some(Worker::start(self.language, &self.program, self.terms)?);
        Ok(true)
    }

    /// Throws the worker and its variables away. The next one may hold `memory_bytes`.
    pub fn restart(&mut self, memory_bytes: u64) {
        self.terms.memory_bytes = memory_bytes;
        self.drop_worker();
    }

    /// What code may do from the next cell on, in place of what it might before. The worker
    /// stays, and so do files that are open under grants that stay.
    ///
    /// # Errors
    /// When one of them can't be given, because there is nothing at its path for one: then
    /// nothing changes.
    pub fn set_grants(&mut self, grants: Vec<Grant>) -> Result<(), GrantError> {
        self.broker.set_grants(grants)
    }

    /// Who answers when code asks for tools.
    pub fn set_desk(&mut self, desk: Arc<dyn Desk>) {
        self.broker.set_desk(desk);
    }

    fn drop_worker(&mut self) {
        self.worker = None;
        self.broker.close_all();
    }

    /// Runs code to its end, its error, its limit or its interruption.
    pub fn execute(
        &mut self,
        request: ExecuteRequest,
        limits: &Limits,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Finished {
        let died = |message| Finished {
            status: Status::Died {
                message,
                variables: Variables::Lost,
            },
            result: None,
            cost: Cost::default(),
        };
        for control in self.take_controls() {
            // The others were for the cell before. These are news that has not come yet.
            if let Control::Grants(grants) = control {
                let _ = self.broker.set_grants(grants);
            }
        }
        if let Err(error) = self.start() {
            return died(error.to_string());
        }
        let memory_bytes = self.terms.memory_bytes;
        let controller = self.controller();
        let mark = self.broker.mark();
        let Some(worker) = &mut self.worker else {
            return died("no worker".to_owned());
        };
        let is_cell = matches!(request.mode, ExecuteMode::Cell { .. });
        let is_program = matches!(request.mode, ExecuteMode::Program { .. });
        let started = Instant::now();
        // A program is run once: nothing comes after it that could go back.
        // What a tool changes is part of the state after the cell before it.
        let begun = if is_program { Ok(()) } else { worker.keep() }
            .and_then(|()| wire::send(&mut worker.input, &ToWorker::Execute(request)));
        let mut run = Run::new(worker, &mut self.broker, limits, memory_bytes, started);
        let ended = begun.and_then(|()| run.run_to_end(&controller, on_event));
        let finished = match ended {
            Ok(Ended::Done(finished)) => {
                let orders = if is_cell {
                    worker.states.advance()
                } else {
                    Vec::new()
                };
                // If the keeper is gone the next cell will find out.
                let _ = worker.order(orders);
                return finished;
            }
            Ok(Ended::RunnerDied(status)) => {
                let last_words = run.worker.take_last_words();
                let is_back = run
                    .worker
                    .states
                    .last()
                    .is_some_and(|slot| run.worker.restore(slot).is_ok());
                if is_back {
                    let finished = run.bury(Some(status), &last_words, Variables::RolledBack);
                    self.broker.close_since(mark);
                    return finished;
                }
                run.bury(Some(status), &last_words, Variables::Lost)
            }
            Err(error) => {
                let is_gone = matches!(error, WireError::Closed | WireError::Io(_));
                let (status, last_words) = run.worker.bury(is_gone);
                if is_gone {
                    run.bury(status, &last_words, Variables::Lost)
                } else {
                    run.refuse(&error)
                }
            }
        };
        self.drop_worker();
        finished
    }

    /// Takes cells back.
    ///
    /// # Errors
    /// When there are not so many, or the kernel does not get there.
    pub fn undo(&mut self, cells: u32) -> Result<Timeline, TravelError> {
        self.travel(|states| states.travel(-i64::from(cells)).map(Some))
    }

    /// Brings cells back that were taken back.
    ///
    /// # Errors
    /// When there are not so many, or the kernel does not get there.
    pub fn redo(&mut self, cells: u32) -> Result<Timeline, TravelError> {
        self.travel(|states| states.travel(i64::from(cells)).map(Some))
    }

    /// Goes to the branch of a name, or makes one of the present state.
    ///
    /// # Errors
    /// When there is no room for it, or the kernel does not get there.
    pub fn branch(&mut self, name: &str) -> Result<Timeline, TravelError> {
        self.travel(|states| states.branch(name))
    }

    /// How far the kernel can go back and forth.
    pub fn timeline(&self) -> Timeline {
        self.worker
            .as_ref()
            .map(|worker| worker.states.timeline())
            .unwrap_or_default()
    }

    fn travel(
        &mut self,
        to: impl FnOnce(&mut States) -> Result<Option<usize>, TravelError>,
    ) -> Result<Timeline, TravelError> {
        let worker = self.worker.as_mut().ok_or(TravelError::NotStarted)?;
        let broken = |error: WireError| TravelError::Broken(error.to_string());
        let arrived = worker
            .keep()
            .and_then(|()| worker.settle())
            .map_err(broken)
            .and_then(|()| match to(&mut worker.states)? {
                Some(slot) => worker.restore(slot),
                None => Ok(()),
            });
        // Where a file stands is not part of a state: what was open is closed.
        self.broker.close_all();
        if matches!(arrived, Err(TravelError::Broken(_))) {
            self.drop_worker();
        }
        arrived.map(|()| self.timeline())
    }

    /// Asks for the ways to go on. None if the kernel has not been started, or does not answer.
    pub fn complete(&mut self, source: String, cursor: usize) -> Completions {
        let Some(worker) = &mut self.worker else {
            return Completions::default();
        };
        if let Ok(completions) = worker.complete(source, cursor) {
            completions
        } else {
            self.drop_worker();
            Completions::default()
        }
    }

    /// Orders that came in since the last look.
    fn take_controls(&self) -> Vec<Control> {
        take(&self.controls)
    }
}

pub(super) fn take(controls: &Controls) -> Vec<Control> {
    let mut bytes = [0; 64];
    while rustix::io::read(&controls.wake.0, &mut bytes).is_ok_and(|read| read == bytes.len()) {}
    std::mem::take(
        &mut controls
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    )
}

/// Neither end ever blocks.
fn wake_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = io::pipe()?;
    let ends = (read.into(), write.into());
    for end in [&ends.0, &ends.1] {
        rustix::io::ioctl_fionbio(end, true)?;
    }
    Ok(ends)
}
