//! Whole processes: what they take of the processor.

use std::io;
use std::process::Command;
use std::time::Duration;

/// Runs a program to its end, and tells what it took of the processor in user and system mode,
/// with every process that it waited for. It has to print `expected`.
///
/// # Errors
/// When it can't be started, or does something else.
pub fn run(command: &mut Command, expected: &str) -> io::Result<Duration> {
    let cpu = cpu_of_children();
    let output = command.output()?;
    if !output.status.success() || output.stdout != expected.as_bytes() {
        return Err(io::Error::other(format!(
            "{command:?} did not print {expected:?}: {output:?}"
        )));
    }
    Ok(cpu_of_children().saturating_sub(cpu))
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct TimeValue {
    seconds: i64,
    microseconds: i64,
}

impl From<TimeValue> for Duration {
    fn from(value: TimeValue) -> Self {
        Duration::from_secs(value.seconds.unsigned_abs())
            + Duration::from_micros(value.microseconds.unsigned_abs())
    }
}

/// `struct rusage` of 64-bit Linux.
#[repr(C)]
#[derive(Default)]
struct ResourceUsage {
    user: TimeValue,
    system: TimeValue,
    rest: [i64; 14],
}

/// What the processes that were waited for, and theirs, have had of the processor.
fn cpu_of_children() -> Duration {
    const CHILDREN: i32 = -1;
    unsafe extern "C" {
        fn getrusage(who: i32, usage: *mut ResourceUsage) -> i32;
    }
    let mut usage = ResourceUsage::default();
    // SAFETY: the structure is the one that the C library of 64-bit Linux fills in.
    let failed = unsafe { getrusage(CHILDREN, &raw mut usage) } != 0;
    if failed {
        Duration::ZERO
    } else {
        Duration::from(usage.user) + usage.system.into()
    }
}
