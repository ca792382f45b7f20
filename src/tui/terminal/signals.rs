//! Signals that end, stop, or continue the process.

use std::io;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, exit};

use super::{ENTERED, IS_LENT, STATE, restore};

/// After a signal the app has this long to begin leaving.
pub(super) const REACTION_TIME: Duration = Duration::from_secs(1);
/// And this long to finish.
const LEAVING_TIME: Duration = Duration::from_secs(5);

/// What a signal asks the app to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TerminalSignal {
    /// Leave within a second, with exit status 128 + `signal`.
    Quit {
        /// Its number.
        signal: i32,
    },
    /// Call [`Terminal::suspend`].
    Suspend,
    /// The process was stopped and goes on: call [`Terminal::resume`].
    Continued,
}

/// Watches for signals on a thread of its own. When one asks to quit and the app has not begun to
/// leave within a second, the thread gives the terminal back and ends the process.
///
/// # Errors
/// If the signals cannot be caught.
pub(crate) fn watch_signals(notify: impl Fn(TerminalSignal) + Send + 'static) -> io::Result<()> {
    let caught = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT];
    let mut signals = Signals::new(caught)?;
    let watch = move || {
        while let Some(signal) = signals.forever().next() {
            let is_lent = IS_LENT.load(Ordering::SeqCst);
            match signal {
                // They are meant for whoever has the terminal.
                SIGINT | SIGQUIT | SIGCONT if is_lent => {}
                SIGTSTP if is_lent => {
                    let _ = emulate_default_handler(SIGTSTP);
                }
                SIGTSTP => notify(TerminalSignal::Suspend),
                SIGCONT => notify(TerminalSignal::Continued),
                signal => {
                    notify(TerminalSignal::Quit { signal });
                    wait_for_exit(&mut signals);
                    restore();
                    exit(128 + signal);
                }
            }
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(watch)
        .map(|_| ())
}

/// Returns when the app has had its time, or at a second signal.
fn wait_for_exit(signals: &mut Signals) {
    let start = Instant::now();
    loop {
        thread::sleep(Duration::from_millis(20));
        let is_leaving = STATE.load(Ordering::SeqCst) & ENTERED == 0;
        let allowed = if is_leaving {
            LEAVING_TIME
        } else {
            REACTION_TIME
        };
        let insists = signals
            .pending()
            .any(|signal| matches!(signal, SIGTERM | SIGHUP | SIGINT | SIGQUIT));
        if insists || start.elapsed() > allowed {
            return;
        }
    }
}
