//! Resource limits: a process lowers its own, and can't raise them again.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::system::uname;

use super::super::Bounds;
use super::namespaces;

/// Processes and threads of one worker: keeper, runner, snapshots.
const MOST_PROCESSES: u64 = 256;

/// Lowers a limit; one that is lower already stays.
///
/// # Errors
/// When the limit is higher than that afterwards.
pub(crate) fn cap(resource: Resource, value: u64) -> Result<(), String> {
    cap_soft(resource, value, value)
}

fn cap_soft(resource: Resource, soft: u64, hard: u64) -> Result<(), String> {
    let before = getrlimit(resource);
    let hard = before.maximum.map_or(hard, |before| before.min(hard));
    let limit = Rlimit {
        current: Some(
            before
                .current
                .map_or(soft, |before| before.min(soft))
                .min(hard),
        ),
        maximum: Some(hard),
    };
    setrlimit(resource, limit)
        .map_err(|error| format!("{resource:?} could not be lowered: {error}"))
}

/// No core dump, no file, no locked memory, no message queue, no real-time priority, and so many
/// descriptors.
///
/// # Errors
/// Names the limit that could not be lowered.
pub(crate) fn keeper(open_files: u64) -> Result<(), String> {
    for (resource, value) in [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
        (Resource::Rtprio, 0),
        (Resource::Nofile, open_files),
    ] {
        cap(resource, value)?;
    }
    Ok(())
}

/// The bounds of a runner.
///
/// # Errors
/// Names the limit that could not be lowered.
pub(crate) fn interpreter(bounds: &Bounds) -> Result<(), String> {
    cap(Resource::As, bounds.address_space_bytes)?;
    cap(Resource::Nofile, bounds.open_files)?;
    if let Some(cpu) = bounds.cpu {
        let seconds = cpu.as_secs() + u64::from(cpu.subsec_nanos() > 0);
        // SIGXCPU at the first, SIGKILL at the second.
        cap_soft(Resource::Cpu, seconds, seconds + 1)?;
    }
    Ok(())
}

/// Bounds the number of processes.
///
/// # Errors
/// Where the bound would count what the user runs elsewhere.
pub(crate) fn processes() -> Result<(), String> {
    if !namespaces::has_own_users() {
        return Err("without a user namespace it would count all processes of the user".to_owned());
    }
    if rustix::process::getuid().is_root() {
        return Err("it doesn't count for root".to_owned());
    }
    if !counts_by_namespace() {
        return Err("it counts all processes of the user before Linux 5.14".to_owned());
    }
    cap(Resource::Nproc, MOST_PROCESSES)
}

fn counts_by_namespace() -> bool {
    let system = uname();
    let release = system.release().to_string_lossy();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(5), Some(14))
}
