//! The keeper: speaks with the parent, and runs one cell after the other.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use super::cell;
use super::jail::Jail;
use crate::kernel::wire::{self, Frame, FromWorker, ToWorker, WireError};
use crate::kernel::{Ending, ExecuteReply, ExecuteRequest, Pipes};
use crate::protocol::{Completions, Cost, Stream};

/// Exit code of a worker that has nobody to speak with.
const BROKEN: i32 = 70;

/// Puts the jail up and serves the pipes until they close.
pub(super) fn serve(pipes: Pipes) -> i32 {
    let terms = pipes.terms;
    let mut parent = Parent {
        input: pipes.input,
        output: pipes.output,
    };
    let started = File::open("/dev/null")
        .map_err(|error| format!("/dev/null can't be opened: {error}"))
        .and_then(|nothing| Ok((nothing, Jail::enter(terms)?)))
        .and_then(|(nothing, jail)| {
            let mut keeper = Keeper { jail, nothing };
            keeper.try_out(&mut parent)?;
            Ok(keeper)
        });
    match started {
        Ok(mut keeper) => keeper.serve(&mut parent).err().map_or(0, |_| BROKEN),
        Err(message) => {
            let _ = parent.send(&FromWorker::StartFailed { message });
            BROKEN
        }
    }
}

/// The other end of the pipes.
pub(super) struct Parent {
    input: File,
    output: File,
}

/// The parent is gone, or talks nonsense: nothing is left to do, whatever runs.
#[derive(Debug)]
pub(super) struct Gone;

impl Parent {
    /// What becomes readable when the parent speaks.
    pub fn voice(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    /// Waits for a frame and tells whether it is an interruption.
    pub fn is_interrupting(&mut self) -> Result<bool, Gone> {
        match wire::receive(&mut self.input) {
            Ok(Frame::Message(ToWorker::Interrupt)) => Ok(true),
            Ok(Frame::Message(ToWorker::Line(_))) => Ok(false),
            Ok(_) | Err(_) => Err(Gone),
        }
    }

    /// Hands on what a cell printed.
    pub fn print(&mut self, stream: Stream, text: &str) -> Result<(), Gone> {
        if text.is_empty() {
            return Ok(());
        }
        wire::send_text(&mut self.output, stream, text).map_err(|_| Gone)
    }

    /// Tells the parent something.
    pub fn send(&mut self, message: &FromWorker) -> Result<(), Gone> {
        wire::send(&mut self.output, message).map_err(|_| Gone)
    }
}

/// What the keeper has.
struct Keeper {
    jail: Jail,
    nothing: File,
}

impl Keeper {
    /// Runs a cell that does nothing: walls that are put up for each cell, and `sh` itself, may be
    /// missing too.
    fn try_out(&mut self, parent: &mut Parent) -> Result<(), String> {
        let request = cell::nothing();
        match cell::run(&self.jail, &self.nothing, &request, parent) {
            Ok((Ending::Ok, _)) => Ok(()),
            Ok((Ending::Error { evalue, .. }, _)) => Err(evalue),
            Ok((other, _)) => Err(format!("/bin/sh does not run in its jail: {other:?}")),
            Err(Gone) => Err("the parent went away".to_owned()),
        }
    }

    fn serve(&mut self, parent: &mut Parent) -> Result<(), Gone> {
        parent.send(&FromWorker::Ready {
            version: wire::VERSION,
            // Files can't be taken back.
            slots: 0,
        })?;
        loop {
            let answer = match wire::receive(&mut parent.input) {
                Ok(Frame::Message(ToWorker::Execute(request))) => {
                    let (ending, cost) = self.execute(&request, parent)?;
                    let reply = ExecuteReply {
                        ending,
                        result: None,
                    };
                    FromWorker::Done { reply, cost }
                }
                Ok(Frame::Message(ToWorker::Complete { .. })) => {
                    FromWorker::Completions(Completions::default())
                }
                // They crossed the end of their cell on the way.
                Ok(Frame::Message(ToWorker::Interrupt | ToWorker::Line(_))) => continue,
                Err(WireError::Closed) => return Ok(()),
                Ok(_) | Err(_) => return Err(Gone),
            };
            parent.send(&answer)?;
        }
    }

    fn execute(
        &mut self,
        request: &ExecuteRequest,
        parent: &mut Parent,
    ) -> Result<(Ending, Cost), Gone> {
        for note in self.jail.notes.drain(..) {
            parent.print(Stream::Stderr, &format!("companion: {note}\n"))?;
        }
        cell::run(&self.jail, &self.nothing, request, parent)
    }
}
