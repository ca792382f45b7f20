//! The worker process: who it becomes, and what it closes behind itself.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use super::keeper::{self, Role};
use super::wire::{self, Frame, FromWorker, ToWorker};
use super::{Pipes, Start, Terms, memory, runner, spec};
use crate::jail::{self, Bounds, Missing};

/// What the parent puts in `argv[1]` of a worker.
pub(super) const ARGUMENT: &str = "__companion-kernel";

/// Address space beyond heap and stack: the binary, libc, thread stacks, fragmentation.
const OVERHEAD_BYTES: u64 = 300 << 20;
/// Pipes, and nothing else.
const OPEN_FILES: u64 = 32;

/// Turns this process into a kernel worker if it was started as one, and never returns then.
///
/// A program that uses [`crate::CodeExecutor`] calls it first in `main`: the executor starts
/// the program's own binary again to run code in.
pub fn become_worker_if_asked() {
    crate::jail::serve_if_asked();
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == ARGUMENT)
    {
        std::process::exit(run());
    }
    HOOK_SET.store(true, Ordering::Relaxed);
}

static HOOK_SET: AtomicBool = AtomicBool::new(false);

/// Whether this binary can be started as a worker.
pub(super) fn is_hook_set() -> bool {
    HOOK_SET.load(Ordering::Relaxed)
}

/// Exit code of a worker whose parent broke the protocol, or went away.
pub(super) const BROKEN: i32 = 70;

fn run() -> i32 {
    let Some((input, output)) = take_pipes() else {
        return BROKEN;
    };
    let (mut input, mut output) = (File::from(input), File::from(output));
    let Ok(Frame::Message(ToWorker::Hello {
        version,
        language,
        terms,
    })) = wire::receive(&mut input)
    else {
        return BROKEN;
    };
    let mut fail = |message| {
        let _ = wire::send(&mut output, &FromWorker::StartFailed { message });
        BROKEN
    };
    if version != wire::VERSION {
        return fail(format!(
            "it speaks version {} of the protocol, not {version}",
            wire::VERSION
        ));
    }
    let build = match spec(language).start {
        Start::Embedded(build) => build,
        Start::Served(serve) => {
            return serve(Pipes {
                input,
                output,
                terms,
            });
        }
    };
    // From here on this process is another one, in namespaces of its own.
    let mut missing = jail::separate();
    missing.extend(jail::confine_keeper());
    if let Some(message) = refusal(&missing, terms) {
        return fail(message);
    }
    let mut seat = match keeper::split(input, output) {
        Ok(Role::Keeper(keeper)) => return keeper.serve(),
        Ok(Role::Runner(seat)) => seat,
        Err(error) => {
            // The parent sees the last words of what it started.
            let _ = writeln!(std::io::stderr(), "no process for the interpreter: {error}");
            return BROKEN;
        }
    };
    let bounds = Bounds {
        address_space_bytes: terms
            .memory_bytes
            .saturating_add(runner::STACK_BYTES as u64 + OVERHEAD_BYTES),
        open_files: OPEN_FILES,
    };
    if let Some(message) = refusal(&jail::confine_interpreter(&bounds), terms) {
        let _ = wire::send(&mut seat.output, &FromWorker::StartFailed { message });
        return BROKEN;
    }
    memory::set_limit(terms.memory_bytes);
    runner::run(seat, build, terms)
}

/// Takes standard input and output for the frames, and leaves a bare `write(1)` of some library
/// nothing to break: standard output becomes standard error, standard input is empty.
fn take_pipes() -> Option<(OwnedFd, OwnedFd)> {
    close_inherited();
    let keep = |fd| rustix::io::fcntl_dupfd_cloexec(fd, 3).ok();
    let input = keep(rustix::stdio::stdin())?;
    let output = keep(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).ok()?;
    let nothing = File::open("/dev/null").ok()?;
    rustix::stdio::dup2_stdin(&nothing).ok()?;
    Some((input, output))
}

/// Closes what whoever started the parent forgot to close. Runs before this process opens
/// anything.
fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else {
        return;
    };
    let open: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > 2)
        .collect();
    for fd in open {
        // SAFETY: nothing in this process owns a descriptor above 2 yet. The one that the
        // listing used is in the list too, and closed by now: closing it again is an error that
        // changes nothing.
        unsafe { rustix::io::close(fd) };
    }
}

/// Says what is missing, if code must not run without it.
fn refusal(missing: &[Missing], terms: Terms) -> Option<String> {
    let needed: Vec<String> = missing
        .iter()
        .filter(|missing| jail::required(missing.wall))
        .map(Missing::to_string)
        .collect();
    (!needed.is_empty() && !terms.accept_missing_walls).then(|| {
        format!(
            "the jail is not whole, and code is not run without it: {}; companion doctor tells \
             what to try, and --accept-missing-walls runs code that you trust all the same",
            needed.join("; ")
        )
    })
}
