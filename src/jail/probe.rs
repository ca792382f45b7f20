//! Native probes, in builds for tests only: a process that enters the jail as a runner does, and
//! then tries one thing by a bare system call.
//!
//! ```text
//! companion __companion-probe WALLS NAME FOLDER PORT PID
//! ```
//!
//! It prints `up` when the walls stand, then `done` with what the call returned or `refused` with
//! the error, and at last how the process that tried has ended: a wall may have killed it. The
//! folder holds the canaries that `tests/jail.rs` has put there.

mod attempts;

use rustix::process::{Pid, WaitOptions, waitpid};

use super::linux::{confine_interpreter, confine_keeper, separate};
use super::{Bounds, Wall, Walls};

/// What `argv[1]` of such a process says.
pub(super) const ARGUMENT: &str = "__companion-probe";

/// The bounds that a probe lives in.
const BOUNDS: Bounds = Bounds {
    address_space_bytes: 2 << 30,
    open_files: 32,
};

/// What an attempt may aim at.
pub(super) struct Canaries {
    folder: String,
    port: u16,
    pid: i32,
}

/// The walls that a word stands for.
fn walls(word: &str) -> Option<Walls> {
    let is_landlock = |wall: &Wall| {
        matches!(
            wall,
            Wall::Landlock | Wall::LandlockNetwork | Wall::LandlockScopes
        )
    };
    let only = |choose: &dyn Fn(&Wall) -> bool| {
        let chosen: Vec<_> = Wall::ALL.into_iter().filter(|wall| choose(wall)).collect();
        Walls::only(&chosen)
    };
    Some(match word {
        "all" => Walls::ALL,
        "none" => Walls::only(&[]),
        "seccomp" => Walls::only(&[Wall::NoNewPrivileges, Wall::Seccomp]),
        "landlock" => only(&|wall| *wall == Wall::NoNewPrivileges || is_landlock(wall)),
        "rest" => only(&|wall| *wall != Wall::Seccomp && !is_landlock(wall)),
        _ => return None,
    })
}

/// Runs a probe. The exit code tells only whether it could be run.
pub(super) fn run(arguments: &[String]) -> i32 {
    if let [word] = arguments
        && word == "list"
    {
        for (name, _) in attempts::ATTEMPTS {
            say(name);
        }
        return 0;
    }
    let [word, name, folder, port, pid] = arguments else {
        return 2;
    };
    let attempt = attempts::ATTEMPTS
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, attempt)| attempt);
    let (Some(walls), Some(attempt), Ok(port), Ok(pid)) =
        (walls(word), attempt, port.parse(), pid.parse())
    else {
        return 2;
    };
    let canaries = Canaries {
        folder: folder.clone(),
        port,
        pid,
    };
    let mut missing = separate(walls);
    missing.extend(confine_keeper(walls));
    for missing in missing {
        say(&format!("missing {missing}"));
    }
    // SAFETY: one thread is running.
    match unsafe { libc::fork() } {
        0 => {
            for missing in confine_interpreter(&BOUNDS, walls) {
                say(&format!("missing {missing}"));
            }
            say("up");
            let returned = attempt(&canaries);
            say(&match returned {
                Ok(value) => format!("done {value}"),
                Err(error) => format!("refused {error}"),
            });
            // SAFETY: takes a number and does not return.
            unsafe { libc::_exit(0) }
        }
        child => {
            let status = Pid::from_raw(child)
                .and_then(|child| waitpid(Some(child), WaitOptions::empty()).ok().flatten());
            let Some((_, status)) = status else {
                return 3;
            };
            match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => say(&format!("exit {code}")),
                (_, Some(signal)) => say(&format!("signal {signal}")),
                _ => {}
            }
            0
        }
    }
}

/// Prints a line, by one system call.
fn say(line: &str) {
    let _ = rustix::io::write(rustix::stdio::stdout(), format!("{line}\n").as_bytes());
}
