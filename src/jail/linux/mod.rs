//! The walls of Linux, and the order in which they go up.
//!
//! Each file is one kind of wall and can be used by itself: a worker that is no interpreter builds
//! a jail of its own from them.

mod landlock;
pub(crate) mod limits;
pub(crate) mod mounts;
pub(crate) mod namespaces;
pub(crate) mod privileges;
pub(crate) mod seccomp;

pub(crate) use landlock::{Reach, restrict};

use super::{Bounds, Missing, Wall, Walls};

/// Descriptors that a keeper may have: pipes to its runner and to the snapshots.
const KEEPER_FILES: u64 = 64;

pub(super) fn separate(walls: Walls) -> Vec<Missing> {
    // The time zone is read from a file, once: after this there are no files.
    read_time_zone();
    let mut missing = namespaces::enter(walls);
    if walls.want(Wall::EmptyRoot) {
        let has_mounts = walls.want(Wall::MountNamespace)
            && !missing.iter().any(|gap| gap.wall == Wall::MountNamespace);
        let emptied = if has_mounts {
            mounts::empty_root().map_err(|error| error.to_string())
        } else {
            Err("there is no mount namespace".to_owned())
        };
        missing.extend(
            emptied
                .err()
                .map(|reason| Missing::new(Wall::EmptyRoot, reason)),
        );
    }
    namespaces::split();
    missing
}

pub(super) use limits::processor_time as bound_processor_time;

pub(super) fn confine_keeper(walls: Walls) -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut put_up = |wall, put_up: &dyn Fn() -> Result<(), String>| {
        if walls.want(wall) {
            missing.extend(put_up().err().map(|reason| Missing::new(wall, reason)));
        }
    };
    put_up(Wall::NoNewPrivileges, &|| {
        rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())
    });
    put_up(Wall::NoNewCode, &privileges::refuse_new_code);
    put_up(Wall::ResourceLimits, &|| limits::keeper(KEEPER_FILES));
    put_up(Wall::ProcessLimit, &limits::processes);
    put_up(Wall::Capabilities, &privileges::drop_all);
    if walls.want(Wall::Landlock) {
        missing.extend(landlock::restrict(&[]));
    }
    if walls.want(Wall::Seccomp) {
        missing.extend(seccomp::install(seccomp::keeper_filter));
    }
    missing
}

pub(super) fn confine_interpreter(bounds: &Bounds, walls: Walls) -> Vec<Missing> {
    let mut missing = Vec::new();
    if walls.want(Wall::ResourceLimits) {
        let limited = limits::interpreter(bounds);
        missing.extend(
            limited
                .err()
                .map(|reason| Missing::new(Wall::ResourceLimits, reason)),
        );
    }
    if walls.want(Wall::Landlock) {
        // A second layer: signals from here don't reach the keeper, which is in the first only.
        missing.extend(landlock::restrict(&[]));
    }
    if walls.want(Wall::Seccomp) {
        missing.extend(seccomp::install(seccomp::interpreter_filter));
    }
    missing
}

/// Keeps the rule of the time zone in the environment of this process, where the C library and
/// others find it once there are no files.
fn read_time_zone() {
    let rule = std::fs::read("/etc/localtime").ok().and_then(|file| {
        // The last line of the file is the rule that holds now (RFC 8536, 3.3).
        let line = file
            .strip_suffix(b"\n")?
            .rsplit(|&byte| byte == b'\n')
            .next()?;
        let rule = std::str::from_utf8(line).ok()?;
        (!rule.is_empty() && rule.len() < 128 && rule.is_ascii()).then(|| rule.to_owned())
    });
    if let Some(rule) = rule {
        // SAFETY: one thread is running.
        unsafe { std::env::set_var("TZ", rule) };
    }
    let moment = 0;
    let mut broken_down = std::mem::MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are to locals of the right types, and nothing is read from the second
    // one. One thread is running: nobody changes the environment meanwhile.
    unsafe { libc::localtime_r(&raw const moment, broken_down.as_mut_ptr()) };
}
