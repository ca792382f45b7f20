//! The parent's side of a kernel: a cell on its way, its bounds, its end.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::broker::{Broker, GrantError, Later};
use super::child::{KernelError, Worker, obituary};
use super::wire::{self, Frame, FromWorker, ToWorker, WireError};
use super::{Ending, ExecuteReply, ExecuteRequest, ReadLineError};
use crate::protocol::{
    Completions, Cost, Grant, Language, LimitKind, Limits, Status, Stream, Variables,
};

/// A cell that was asked to end has so long before its worker is killed.
const GRACE: Duration = Duration::from_secs(1);

/// One kernel: a language, its limits, and the worker, if one is alive.
pub(crate) struct Kernel {
    language: Language,
    program: PathBuf,
    memory_bytes: u64,
    worker: Option<Worker>,
    controls: Arc<Controls>,
    broker: Broker,
}

/// What other threads may do to a running cell. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Controller(Arc<Controls>);

struct Controls {
    waiting: Mutex<Vec<Control>>,
    wake: (OwnedFd, OwnedFd),
}

enum Control {
    Interrupt,
    Line(Result<String, ReadLineError>),
    /// A request of the broker has come back from its thread.
    Returned(Later),
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

    fn push(&self, control: Control) {
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
        let wake = rustix::pipe::pipe_with(
            rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK,
        )
        .map_err(|error| KernelError::Spawn {
            language,
            program: program.clone(),
            source: error.into(),
        })?;
        let controls = Arc::new(Controls {
            waiting: Mutex::new(Vec::new()),
            wake,
        });
        Ok(Self {
            language,
            program,
            memory_bytes: limits.memory_bytes,
            worker: None,
            controls,
            broker: Broker::default(),
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
        self.worker = Some(Worker::start(
            self.language,
            &self.program,
            self.memory_bytes,
        )?);
        Ok(true)
    }

    /// Throws the worker and its variables away. The next one may hold `memory_bytes`.
    pub fn restart(&mut self, memory_bytes: u64) {
        self.memory_bytes = memory_bytes;
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
        self.take_controls();
        if let Err(error) = self.start() {
            return died(error.to_string());
        }
        let memory_bytes = self.memory_bytes;
        let controls = Arc::clone(&self.controls);
        let Some(worker) = &mut self.worker else {
            return died("no worker".to_owned());
        };
        let started = Instant::now();
        let mut run = Run {
            worker,
            broker: &mut self.broker,
            limits,
            memory_bytes,
            started,
            waited: Duration::ZERO,
            asked_at: None,
            why: None,
            kill_at: None,
            printed_bytes: 0,
        };
        let finished = match wire::send(&mut run.worker.input, &ToWorker::Execute(request)) {
            Ok(()) => run.run_to_end(&controls, on_event),
            Err(error) => Err(error),
        };
        match finished {
            Ok(finished) => finished,
            Err(error) => {
                let finished = run.bury(&error);
                self.drop_worker();
                finished
            }
        }
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

    /// Orders that came in since the last look; they belong to the cell before.
    fn take_controls(&self) -> Vec<Control> {
        take(&self.controls)
    }
}

fn take(controls: &Controls) -> Vec<Control> {
    let mut bytes = [0; 64];
    while rustix::io::read(&controls.wake.0, &mut bytes).is_ok_and(|read| read == bytes.len()) {}
    std::mem::take(
        &mut controls
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    )
}

/// Why a cell was told to end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    User,
    Limit(LimitKind),
}

/// A cell on its way.
struct Run<'a> {
    worker: &'a mut Worker,
    broker: &'a mut Broker,
    limits: &'a Limits,
    memory_bytes: u64,
    started: Instant,
    /// Time that the cell spent waiting for the user: not its own.
    waited: Duration,
    asked_at: Option<Instant>,
    why: Option<Why>,
    kill_at: Option<Instant>,
    printed_bytes: u64,
}

impl Run<'_> {
    /// Listens until the worker is done with the cell. An error means that it is done for.
    fn run_to_end(
        &mut self,
        controls: &Arc<Controls>,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Result<Finished, WireError> {
        self.broker.forget();
        loop {
            let now = Instant::now();
            if self.kill_at.is_some_and(|kill_at| now >= kill_at) {
                self.worker.kill();
                self.kill_at = None;
            }
            if self.why.is_none() && self.deadline().is_some_and(|deadline| now >= deadline) {
                self.end(Why::Limit(LimitKind::Time))?;
            }
            let [speaks, is_told] = self.worker.wait(
                controls.wake.0.as_fd(),
                [self.kill_at, self.deadline().filter(|_| self.why.is_none())],
            )?;
            if is_told {
                for control in take(controls) {
                    self.obey(control, on_event)?;
                }
            }
            if speaks {
                self.worker.frames.fill(&mut self.worker.output)?;
            }
            while let Some(frame) = self.worker.frames.next()? {
                if let Some(finished) = self.take(frame, controls, on_event)? {
                    return Ok(finished);
                }
            }
        }
    }

    /// Takes one frame; the last one ends the cell.
    fn take(
        &mut self,
        frame: Frame<FromWorker>,
        controls: &Arc<Controls>,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Result<Option<Finished>, WireError> {
        match frame {
            Frame::Text(stream, mut text) => {
                if matches!(self.why, Some(Why::Limit(LimitKind::Output))) {
                    return Ok(None);
                }
                let room = self.limits.output_bytes.saturating_sub(self.printed_bytes);
                self.printed_bytes += text.len() as u64;
                if text.len() as u64 > room {
                    let room = usize::try_from(room).unwrap_or(usize::MAX);
                    text.truncate(text.floor_char_boundary(room));
                    if self.why.is_none() {
                        self.end(Why::Limit(LimitKind::Output))?;
                    }
                }
                on_event(KernelEvent::Output(stream, text));
            }
            Frame::Message(FromWorker::ReadLine { prompt }) => {
                self.asked_at = Some(Instant::now());
                on_event(KernelEvent::ReadLine(prompt));
            }
            Frame::Message(FromWorker::Call { id, call }) => {
                let controller = Controller(Arc::clone(controls));
                let later = move |later| controller.push(Control::Returned(later));
                if let Some(outcome) = self.broker.answer(id, call, later) {
                    wire::send(&mut self.worker.input, &ToWorker::Return { id, outcome })?;
                }
            }
            Frame::Message(FromWorker::Done { reply, cost }) => {
                return Ok(Some(self.finish(reply, cost)));
            }
            Frame::Message(other) => {
                return Err(WireError::Malformed(format!(
                    "{other:?} in the middle of a cell"
                )));
            }
        }
        Ok(None)
    }

    fn deadline(&self) -> Option<Instant> {
        if self.asked_at.is_some() {
            return None;
        }
        self.limits
            .timeout
            .map(|timeout| self.started + self.waited + timeout)
    }

    fn obey(
        &mut self,
        control: Control,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Result<(), WireError> {
        match control {
            Control::Line(line) => {
                if let Ok(line) = &line {
                    on_event(KernelEvent::Answered(line.clone()));
                }
                if let Some(asked_at) = self.asked_at.take() {
                    self.waited += asked_at.elapsed();
                }
                wire::send(&mut self.worker.input, &ToWorker::Line(line))
            }
            Control::Returned(later) => match self.broker.take_later(later) {
                Some((id, outcome)) => {
                    wire::send(&mut self.worker.input, &ToWorker::Return { id, outcome })
                }
                None => Ok(()),
            },
            Control::Interrupt if self.why.is_none() => self.end(Why::User),
            Control::Interrupt => {
                self.kill_at = Some(Instant::now());
                Ok(())
            }
        }
    }

    fn end(&mut self, why: Why) -> Result<(), WireError> {
        self.why = Some(why);
        self.asked_at = None;
        self.kill_at = Some(Instant::now() + GRACE);
        wire::send(&mut self.worker.input, &ToWorker::Interrupt)
    }

    fn finish(&self, reply: ExecuteReply, mut cost: Cost) -> Finished {
        cost.execution_time = cost.execution_time.saturating_sub(self.waited);
        let status = match (reply.ending, self.why) {
            (Ending::Interrupted, Some(Why::Limit(kind))) => self.limit(kind, Variables::Kept),
            (Ending::Interrupted, _) => Status::Interrupted {
                variables: Variables::Kept,
            },
            (Ending::OutOfMemory, _) => self.limit(LimitKind::Memory, Variables::Kept),
            (Ending::OutOfFuel, _) => self.limit(LimitKind::Fuel, Variables::Kept),
            (Ending::Ok, _) => Status::Ok,
            (Ending::Exit { code }, _) => Status::Exit { code },
            (
                Ending::Error {
                    ename,
                    evalue,
                    traceback,
                },
                _,
            ) => Status::Error {
                ename,
                evalue,
                traceback,
            },
        };
        // The output was cut whatever the cell did afterwards.
        let status = match self.why {
            Some(Why::Limit(LimitKind::Output)) => self.limit(LimitKind::Output, Variables::Kept),
            _ => status,
        };
        Finished {
            status,
            result: reply.result,
            cost,
        }
    }

    fn limit(&self, kind: LimitKind, variables: Variables) -> Status {
        let message = match kind {
            LimitKind::Fuel => format!(
                "fuel limit of {} steps reached",
                self.limits.fuel.unwrap_or_default()
            ),
            LimitKind::Time => format!(
                "time limit of {} s reached",
                self.limits.timeout.unwrap_or_default().as_secs_f64()
            ),
            LimitKind::Memory => {
                format!("memory limit of {} MiB reached", self.memory_bytes >> 20)
            }
            LimitKind::Output => {
                format!(
                    "output limit of {} MiB reached",
                    self.limits.output_bytes >> 20
                )
            }
        };
        Status::Limit {
            kind,
            message,
            variables,
        }
    }

    /// The worker is dead, or has to be: says what is known about the end of its cell.
    fn bury(&mut self, error: &WireError) -> Finished {
        let is_gone = matches!(error, WireError::Closed | WireError::Io(_));
        let (status, last_words) = self.worker.bury(is_gone);
        let is_out_of_memory =
            last_words.contains("memory allocation of") || last_words.contains("out of memory");
        let status = match self.why {
            Some(Why::User) => Status::Interrupted {
                variables: Variables::Lost,
            },
            Some(Why::Limit(kind)) => self.limit(kind, Variables::Lost),
            None if is_out_of_memory => self.limit(LimitKind::Memory, Variables::Lost),
            None if !is_gone => Status::Died {
                message: format!("the kernel broke the protocol: {error}"),
                variables: Variables::Lost,
            },
            None => Status::Died {
                message: obituary(status, &last_words),
                variables: Variables::Lost,
            },
        };
        let execution_time = self.started.elapsed().saturating_sub(self.waited);
        let cost = Cost {
            execution_time,
            peak_memory_bytes: 0,
            fuel_used: 0,
        };
        Finished {
            status,
            result: None,
            cost,
        }
    }
}
