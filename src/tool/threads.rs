//! Threads apart from the callers. Each is kept for a while when it has nothing to do: to start one
//! takes longer than most tools run.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use std::{io, thread};

/// A thread without work ends after this.
const KEEP: Duration = Duration::from_secs(5);
/// Most threads without work.
const MAX_IDLE: usize = 16;

/// Work for a thread. Says whether the thread is sound, and may be given more.
pub(super) type Work = Box<dyn FnOnce() -> bool + Send>;

/// Threads that are there, or come when they are needed.
#[derive(Default)]
pub(super) struct Threads(Arc<Pool>);

/// The threads that wait. They know it weakly: they end when it does.
#[derive(Default)]
struct Pool(Mutex<Idle>);

#[derive(Default)]
struct Idle {
    /// The last one in is the first one out: the others grow old, and end.
    seats: Vec<Seat>,
    last: u64,
}

/// A thread that waits, or the place to which it comes back.
struct Seat {
    number: u64,
    sender: SyncSender<(Work, Seat)>,
}

impl Threads {
    /// Has work done on a thread that waits, or on a new one.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn run(&self, work: Work) -> io::Result<()> {
        let seat = self.0.idle().seats.pop();
        let work = match seat {
            Some(seat) => {
                let sender = seat.sender.clone();
                match sender.send((work, seat)) {
                    Ok(()) => return Ok(()),
                    Err(returned) => returned.0.0,
                }
            }
            None => work,
        };
        let (sender, receiver) = sync_channel(1);
        let number = {
            let mut idle = self.0.idle();
            idle.last += 1;
            idle.last
        };
        let seat = Seat { number, sender };
        let pool = Arc::downgrade(&self.0);
        let thread = thread::Builder::new().name("tool".to_owned());
        thread.spawn(move || serve(&pool, &receiver, work, seat))?;
        Ok(())
    }
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(pool: &Weak<Pool>, receiver: &Receiver<(Work, Seat)>, mut work: Work, mut seat: Seat) {
    loop {
        let number = seat.number;
        if !work() {
            return;
        }
        let Some(known) = pool.upgrade() else {
            return;
        };
        {
            let mut idle = known.idle();
            if idle.seats.len() >= MAX_IDLE {
                return;
            }
            idle.seats.push(seat);
        }
        drop(known);
        (work, seat) = match receiver.recv_timeout(KEEP) {
            Ok(more) => more,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let Some(known) = pool.upgrade() else {
                    return;
                };
                let mut idle = known.idle();
                let at = idle.seats.iter().position(|seat| seat.number == number);
                if let Some(at) = at {
                    idle.seats.remove(at);
                    return;
                }
                drop(idle);
                drop(known);
                // Somebody has just taken the seat, and is about to send.
                match receiver.recv() {
                    Ok(more) => more,
                    Err(_) => return,
                }
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::mpsc::channel;
    use std::thread::ThreadId;

    use super::*;

    fn run(threads: &Threads, is_sound: bool) -> ThreadId {
        let (sender, receiver) = channel();
        let work = move || {
            sender
                .send(thread::current().id())
                .expect("it is waited for");
            is_sound
        };
        threads.run(Box::new(work)).expect("a thread");
        receiver.recv().expect("it runs")
    }

    fn wait_for(threads: &Threads, waiting: usize) {
        while threads.0.idle().seats.len() != waiting {
            thread::yield_now();
        }
    }

    #[test]
    fn a_thread_is_used_again_unless_it_overran() {
        let threads = Threads::default();
        let first = run(&threads, true);
        wait_for(&threads, 1);
        assert_eq!(run(&threads, false), first);
        let second = run(&threads, true);
        assert_ne!(second, first);
        wait_for(&threads, 1);
        assert_eq!(run(&threads, true), second);
        wait_for(&threads, 1);
    }

    #[test]
    fn as_many_run_as_are_asked_for_and_few_are_kept() {
        let threads = Threads::default();
        let (sender, receiver) = channel();
        let barrier = Arc::new(std::sync::Barrier::new(2 * MAX_IDLE));
        for _ in 0..2 * MAX_IDLE {
            let (sender, barrier) = (sender.clone(), barrier.clone());
            let work = move || {
                barrier.wait();
                sender.send(thread::current().id()).is_ok()
            };
            threads.run(Box::new(work)).expect("a thread");
        }
        let ids: HashSet<_> = receiver.iter().take(2 * MAX_IDLE).collect();
        assert_eq!(ids.len(), 2 * MAX_IDLE, "each has its own");
        wait_for(&threads, MAX_IDLE);
        let pool = Arc::downgrade(&threads.0);
        drop(threads);
        assert!(
            pool.upgrade()
                .is_none_or(|pool| pool.idle().seats.len() <= MAX_IDLE)
        );
    }
}
