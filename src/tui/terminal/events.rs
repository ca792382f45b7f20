//! The one thread that reads events, and the gate at which it parks.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event};

use super::lock;

/// The event reader looks this often whether it shall park.
const PARK_LOOK: Duration = Duration::from_millis(100);

/// Parks the event reader.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    is_closed: bool,
    has_reader: bool,
    is_parked: bool,
}

impl Gate {
    /// Starts the reader.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn spawn_reader(
        this: &Arc<Self>,
        mut send: impl FnMut(io::Result<Event>) -> bool + Send + 'static,
    ) -> io::Result<()> {
        let gate = Arc::clone(this);
        gate.state().has_reader = true;
        let read = move || {
            loop {
                gate.park_if_closed();
                let event = match event::poll(PARK_LOOK) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let has_failed = event.is_err();
                if !send(event) || has_failed {
                    break;
                }
            }
            gate.reader_ended();
        };
        thread::Builder::new()
            .name("events".into())
            .spawn(read)
            .map(|_| ())
    }

    fn state(&self) -> MutexGuard<'_, GateState> {
        lock(&self.state)
    }

    /// Returns when nobody reads any more; if the reader hangs, it is not waited for forever.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let is_busy = |state: &mut GateState| state.has_reader && !state.is_parked;
        let patience = PARK_LOOK * 5;
        drop(self.changed.wait_timeout_while(state, patience, is_busy));
    }

    /// Lets the reader go on.
    pub fn open(&self) {
        self.state().is_closed = false;
        self.changed.notify_all();
    }

    fn park_if_closed(&self) {
        let mut state = self.state();
        if state.is_closed {
            state.is_parked = true;
            self.changed.notify_all();
            let waited = self.changed.wait_while(state, |state| state.is_closed);
            state = waited.unwrap_or_else(PoisonError::into_inner);
            state.is_parked = false;
        }
    }

    fn reader_ended(&self) {
        self.state().has_reader = false;
        self.changed.notify_all();
    }
}
