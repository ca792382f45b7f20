//! A cell on its way: its bounds, its end.

use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::broker::Broker;
use super::call::HostCallError;
use super::child::{Worker, obituary};
use super::desk::Budget;
use super::process::{Control, Controller, Finished, KernelEvent, take};
use super::wire::{self, Frame, FromWorker, ToKeeper, ToWorker, WireError};
use super::{DeskCall, Ending, ExecuteReply, HostCall, HostReturn};
use crate::protocol::{CellProgress, Cost, LimitKind, Limits, Status, Variables};

/// A cell that the user wants to end has so long to clean up before its runner is killed: the
/// prompt is back within 200 ms whatever the cell does.
const USERS_GRACE: Duration = Duration::from_millis(140);
/// The same for a cell that has run into a limit.
const LIMITS_GRACE: Duration = Duration::from_millis(500);
/// A keeper that has not killed its runner after so long is killed itself.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// How a run came to its end, if the worker as a whole lives on.
pub(super) enum Ended {
    /// The runner has said so.
    Done(Finished),
    /// The runner is dead, and the keeper is not.
    RunnerDied(ExitStatus),
}

/// Why a cell was told to end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    User,
    Limit(LimitKind),
}

/// A cell on its way.
pub(super) struct Run<'a> {
    pub worker: &'a mut Worker,
    broker: &'a mut Broker,
    limits: &'a Limits,
    memory_bytes: u64,
    started: Instant,
    /// Time that the cell spent waiting for the user: not its own.
    waited: Duration,
    asked_at: Option<Instant>,
    why: Option<Why>,
    kill_at: Option<Instant>,
    /// The keeper was told to kill the runner, and has so long.
    bury_at: Option<Instant>,
    printed_bytes: u64,
}

impl<'a> Run<'a> {
    pub fn new(
        worker: &'a mut Worker,
        broker: &'a mut Broker,
        limits: &'a Limits,
        memory_bytes: u64,
        started: Instant,
    ) -> Self {
        Self {
            worker,
            broker,
            limits,
            memory_bytes,
            started,
            waited: Duration::ZERO,
            asked_at: None,
            why: None,
            kill_at: None,
            bury_at: None,
            printed_bytes: 0,
        }
    }

    /// Listens until the worker is done with the cell. An error means that it is done for.
    pub fn run_to_end(
        &mut self,
        controller: &Controller,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Result<Ended, WireError> {
        self.broker.forget();
        loop {
            let now = Instant::now();
            if self.kill_at.is_some_and(|kill_at| now >= kill_at) {
                self.kill_at = None;
                self.bury_at = Some(now + KILL_PATIENCE);
                if self.worker.states.last().is_some() {
                    self.worker.order(vec![ToKeeper::Kill])?;
                } else {
                    self.worker.kill();
                }
            }
            if self.bury_at.is_some_and(|bury_at| now >= bury_at) {
                self.worker.kill();
                self.bury_at = None;
            }
            if self.why.is_none() && self.deadline().is_some_and(|deadline| now >= deadline) {
                self.end(Why::Limit(LimitKind::Time))?;
            }
            let [speaks, is_told] = self.worker.wait(
                controller.0.wake.0.as_fd(),
                [
                    self.kill_at.or(self.bury_at),
                    self.deadline().filter(|_| self.why.is_none()),
                ],
            )?;
            if is_told {
                for control in take(&controller.0) {
                    self.obey(control, on_event)?;
                }
            }
            if speaks {
                self.worker.frames.fill(&mut self.worker.output)?;
            }
            while let Some(frame) = self.worker.frames.next()? {
                if let Some(ended) = self.take(frame, controller, on_event)? {
                    return Ok(ended);
                }
            }
        }
    }

    /// Takes one frame; the last one ends the cell.
    fn take(
        &mut self,
        frame: Frame<FromWorker>,
        controller: &Controller,
        on_event: &mut dyn FnMut(KernelEvent),
    ) -> Result<Option<Ended>, WireError> {
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
            Frame::Message(FromWorker::Call {
                id,
                call:
                    HostCall::Desk(DeskCall::Progress {
                        done,
                        total,
                        message,
                    }),
                ..
            }) => {
                let progress = CellProgress {
                    done,
                    total,
                    message,
                };
                on_event(KernelEvent::Progress(progress));
                self.give(id, Ok(HostReturn::Done), 0)?;
            }
            Frame::Message(FromWorker::Call {
                id,
                call,
                fuel_left,
            }) => {
                // A worker that asks again has given the first answer up.
                if let Some(asked_at) = self.asked_at.take() {
                    self.waited += asked_at.elapsed();
                }
                let (news, back) = (controller.clone(), controller.clone());
                let tell = move |progress| news.push(Control::Progress(progress));
                let later = move |later| back.push(Control::Returned(later));
                let is_at_desk = matches!(call, HostCall::Desk(_));
                let budget = Budget {
                    deadline: self.deadline(),
                    // A worker may tell what it likes.
                    fuel: [fuel_left, self.limits.fuel].into_iter().flatten().min(),
                };
                match self.broker.answer(id, call, budget, tell, later) {
                    Some(outcome) => self.give(id, outcome, 0)?,
                    // The clock stands still until it is known on whose time that was.
                    None if is_at_desk && self.why.is_none() => {
                        self.asked_at = Some(Instant::now());
                    }
                    None => {}
                }
            }
            Frame::Message(FromWorker::Reached { kind }) => {
                if self.why.is_none() {
                    self.end(Why::Limit(kind))?;
                }
            }
            Frame::Message(FromWorker::Done { reply, cost }) => {
                return Ok(Some(Ended::Done(self.finish(reply, cost))));
            }
            Frame::Message(FromWorker::Kept { slot, heap_bytes }) => {
                self.worker.kept(slot, heap_bytes)?;
            }
            Frame::Message(FromWorker::RunnerDied { status }) => {
                return Ok(Some(Ended::RunnerDied(ExitStatus::from_raw(status))));
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
            Control::Returned(later) => {
                let Some(brought) = self.broker.take_later(later) else {
                    return Ok(());
                };
                if let Some(asked_at) = self.asked_at.take()
                    && !brought.is_own_time
                {
                    self.waited += asked_at.elapsed();
                }
                if let Some(artifact) = brought.shown {
                    on_event(KernelEvent::Displayed(artifact));
                }
                self.give(brought.id, brought.answer, brought.fuel_used)
            }
            Control::Progress(progress) => {
                on_event(KernelEvent::Progress(progress));
                Ok(())
            }
            Control::Grants(grants) => {
                let _ = self.broker.set_grants(grants);
                Ok(())
            }
            Control::Interrupt if self.why.is_none() => self.end(Why::User),
            Control::Interrupt => {
                self.kill_at = Some(Instant::now());
                Ok(())
            }
        }
    }

    /// Gives the answer of a call.
    fn give(
        &mut self,
        id: u64,
        outcome: Result<HostReturn, HostCallError>,
        fuel_used: u64,
    ) -> Result<(), WireError> {
        let answer = ToWorker::Return {
            id,
            outcome,
            fuel_used,
        };
        wire::send(&mut self.worker.input, &answer)
    }

    fn end(&mut self, why: Why) -> Result<(), WireError> {
        self.why = Some(why);
        if let Some(asked_at) = self.asked_at.take() {
            self.waited += asked_at.elapsed();
        }
        // A tool that works for the cell is to stop, too.
        self.broker.forget();
        let grace = match why {
            Why::User => USERS_GRACE,
            Why::Limit(_) => LIMITS_GRACE,
        };
        self.kill_at = Some(Instant::now() + grace);
        wire::send(&mut self.worker.input, &ToWorker::Interrupt)
    }

    fn finish(&self, reply: ExecuteReply, mut cost: Cost) -> Finished {
        cost.execution_time = cost.execution_time.saturating_sub(self.waited);
        cost.waited = self.waited;
        let status = match (reply.ending, self.why) {
            // Code can swallow the interruption (a finalizer does) and come to its end: late.
            (Ending::Interrupted | Ending::Ok, Some(Why::Limit(kind))) => {
                self.limit(kind, Variables::Kept)
            }
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
        let limits = Limits {
            memory_bytes: self.memory_bytes,
            ..*self.limits
        };
        let message = limits.reached(kind);
        Status::Limit {
            kind,
            message,
            variables,
        }
    }

    /// The process that ran the cell is dead: says what is known about it.
    pub fn bury(
        &self,
        status: Option<ExitStatus>,
        last_words: &str,
        variables: Variables,
    ) -> Finished {
        let is_out_of_memory =
            last_words.contains("memory allocation of") || last_words.contains("out of memory");
        let status = match self.why {
            Some(Why::User) => Status::Interrupted { variables },
            Some(Why::Limit(kind)) => self.limit(kind, variables),
            None if status.and_then(|status| status.signal()) == Some(libc::SIGXCPU) => {
                self.limit(LimitKind::Cpu, variables)
            }
            None if is_out_of_memory => self.limit(LimitKind::Memory, variables),
            None => Status::Died {
                message: obituary(status, last_words),
                variables,
            },
        };
        self.without_reply(status)
    }

    /// The worker broke the protocol.
    pub fn refuse(&self, error: &WireError) -> Finished {
        let variables = Variables::Lost;
        self.without_reply(match self.why {
            Some(Why::User) => Status::Interrupted { variables },
            Some(Why::Limit(kind)) => self.limit(kind, variables),
            None => Status::Died {
                message: format!("the kernel broke the protocol: {error}"),
                variables,
            },
        })
    }

    fn without_reply(&self, status: Status) -> Finished {
        Finished {
            status,
            result: None,
            cost: Cost {
                execution_time: self.started.elapsed().saturating_sub(self.waited),
                waited: self.waited,
                ..Cost::default()
            },
        }
    }
}
