//! Resource limits: a process lowers its own, and can't raise them again.

use std::time::Duration;

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
    let before = getrlimit(resource);
    let lower = |before: Option<u64>| Some(before.map_or(value, |before| before.min(value)));
    let limit = Rlimit {
        current: lower(before.current),
        maximum: lower(before.maximum),
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
    cap(Resource::Nofile, bounds.open_files)
}

/// Has the system end this process (`SIGXCPU`) once it has had so much of the processors, in whole
/// seconds; `None` takes the bound away.
pub(crate) fn processor_time(end: Option<Duration>) {
    let limit = Rlimit {
        current: end.map(|end| end.as_secs() + u64::from(end.subsec_nanos() > 0)),
        maximum: getrlimit(Resource::Cpu).maximum,
    };
    // Somebody above us has set a stricter one, which holds as well.
    let _ = setrlimit(Resource::Cpu, limit);
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

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    use super::*;

    #[test]
    fn the_system_ends_what_has_had_its_time_on_processors() {
        let mut spin = Command::new("/bin/sh");
        spin.args(["-c", "while :; do :; done"]);
        // SAFETY: two system calls between fork and exec, which allocate nothing.
        unsafe {
            spin.pre_exec(|| {
                processor_time(Some(Duration::from_millis(10)));
                Ok(())
            });
        }
        let status = spin.status().expect("there is a shell");
        assert_eq!(status.signal(), Some(libc::SIGXCPU));
    }

    #[test]
    fn a_bound_on_time_can_be_taken_away() {
        let mut look = Command::new("/bin/sh");
        look.args(["-c", "ulimit -St"]);
        // SAFETY: as above.
        unsafe {
            look.pre_exec(|| {
                processor_time(Some(Duration::from_secs(7)));
                processor_time(None);
                Ok(())
            });
        }
        let output = look.output().expect("there is a shell");
        let hard = getrlimit(Resource::Cpu).maximum;
        let expected = hard.map_or_else(|| "unlimited".to_owned(), |hard| hard.to_string());
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected);
    }
}
