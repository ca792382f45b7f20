//! The operating system's jail: what holds when an interpreter does not.
//!
//! ```text
//! worker (outer: waits) ─ separate() ─ keeper ─ confine_keeper() ─ runner ─ confine_interpreter()
//! ```
//!
//! Invariants: every call is made by a process with one thread, in the order of the picture, before
//! the first byte of user code; a wall once up is never taken down, and what a process loses its
//! children never have; a wall that can't be had is reported as [`Missing`] and never passed over
//! in silence. Each wall holds its part without the others: `tests/jail.rs` tries them alone.
//!
//! Absent on purpose: any judgement of source code (it is `safety`'s, and it informs only), and
//! grants: files and hosts come through a broker outside, the jail has no holes for them.

mod examine;
#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(all(debug_assertions, target_os = "linux"))]
mod probe;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use examine::{examine, serve_if_asked};
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use other as system;

/// Something that keeps code in. The order is the one in which people are told about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wall {
    /// No program that is executed gains a privilege.
    NoNewPrivileges,
    /// No capability is left.
    Capabilities,
    /// Bounds on address space, descriptors, files, core dumps, locked memory.
    ResourceLimits,
    /// Landlock refuses every file and folder.
    Landlock,
    /// Landlock refuses TCP.
    LandlockNetwork,
    /// Landlock refuses signals and abstract sockets to the world outside.
    LandlockScopes,
    /// Only the system calls of a short list.
    Seccomp,
    /// Memory once writable is never executable.
    NoNewCode,
    /// User and group ids of its own.
    UserNamespace,
    /// Sees no process but its own, and none of them outlives it.
    PidNamespace,
    /// No network interface.
    NetworkNamespace,
    /// Mounts of its own.
    MountNamespace,
    /// The root is an empty folder: no path leads anywhere.
    EmptyRoot,
    /// No System V objects and no message queues of others.
    IpcNamespace,
    /// A host name of its own.
    UtsNamespace,
    /// Sees no control groups.
    CgroupNamespace,
    /// A bound on the number of processes.
    ProcessLimit,
}

impl Wall {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::NoNewPrivileges,
        Self::Capabilities,
        Self::ResourceLimits,
        Self::Landlock,
        Self::LandlockNetwork,
        Self::LandlockScopes,
        Self::Seccomp,
        Self::NoNewCode,
        Self::UserNamespace,
        Self::PidNamespace,
        Self::NetworkNamespace,
        Self::MountNamespace,
        Self::EmptyRoot,
        Self::IpcNamespace,
        Self::UtsNamespace,
        Self::CgroupNamespace,
        Self::ProcessLimit,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoNewPrivileges => "no_new_privs",
            Self::Capabilities => "capabilities",
            Self::ResourceLimits => "resource limits",
            Self::Landlock => "Landlock",
            Self::LandlockNetwork => "Landlock, network",
            Self::LandlockScopes => "Landlock, scopes",
            Self::Seccomp => "seccomp",
            Self::NoNewCode => "no new code",
            Self::UserNamespace => "user namespace",
            Self::PidNamespace => "PID namespace",
            Self::NetworkNamespace => "network namespace",
            Self::MountNamespace => "mount namespace",
            Self::EmptyRoot => "empty root",
            Self::IpcNamespace => "IPC namespace",
            Self::UtsNamespace => "UTS namespace",
            Self::CgroupNamespace => "cgroup namespace",
            Self::ProcessLimit => "process limit",
        }
    }

    /// What stands behind it, for people.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::NoNewPrivileges => "no program gains privileges",
            Self::Capabilities => "all dropped, for good",
            Self::ResourceLimits => "address space, descriptors, file size, core dumps are bounded",
            Self::Landlock => "no file or folder can be opened, made, changed or removed",
            Self::LandlockNetwork => "no TCP connection, in or out",
            Self::LandlockScopes => "no signal and no abstract socket to the outside",
            Self::Seccomp => "system calls outside a short list end the process",
            Self::NoNewCode => "memory that was writable can't be executed",
            Self::UserNamespace => "ids of its own, without rights outside",
            Self::PidNamespace => "other processes can't be seen; nothing outlives the kernel",
            Self::NetworkNamespace => "there is no network to reach",
            Self::MountNamespace => "mounts of its own",
            Self::EmptyRoot => "no path leads to a file",
            Self::IpcNamespace => "shared memory and queues of others can't be seen",
            Self::UtsNamespace => "a host name of its own",
            Self::CgroupNamespace => "control groups can't be seen",
            Self::ProcessLimit => "a fork bomb ends at a bound of its own",
        }
    }

    /// What to try where it is missing.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoNewPrivileges | Self::Capabilities | Self::ResourceLimits => {
                "companion needs Linux for it"
            }
            Self::Landlock => {
                "it takes Linux 5.13 or newer with landlock among the boot parameter lsm="
            }
            Self::LandlockNetwork => "it takes Linux 6.7 or newer",
            Self::LandlockScopes => "it takes Linux 6.12 or newer",
            Self::Seccomp => "it takes Linux on x86_64 or aarch64 with CONFIG_SECCOMP_FILTER",
            Self::NoNewCode => "it takes Linux 6.3 or newer",
            Self::UserNamespace => {
                "look at sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone and \
                 kernel.apparmor_restrict_unprivileged_userns; a container has to allow them"
            }
            Self::ProcessLimit => "it takes a user namespace, for a user other than root",
            Self::PidNamespace
            | Self::NetworkNamespace
            | Self::MountNamespace
            | Self::EmptyRoot
            | Self::IpcNamespace
            | Self::UtsNamespace
            | Self::CgroupNamespace => "it takes a user namespace, or root",
        }
    }

    #[cfg(target_os = "linux")]
    fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A wall that can't be had here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Missing {
    /// Which.
    pub wall: Wall,
    /// What the system said.
    pub reason: String,
}

impl Missing {
    #[cfg(target_os = "linux")]
    fn new(wall: Wall, reason: impl fmt::Display) -> Self {
        Self {
            wall,
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.wall, self.reason)
    }
}

/// Whether code is refused without it, unless the user accepts less in so many words.
pub(crate) fn required(wall: Wall) -> bool {
    matches!(
        wall,
        Wall::NoNewPrivileges
            | Wall::Capabilities
            | Wall::Landlock
            | Wall::Seccomp
            | Wall::ResourceLimits
    )
}

/// Which walls to put up. All of them, save in the tests that try each wall alone.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "there is nothing to choose from")
)]
pub(crate) struct Walls(u32);

impl Walls {
    /// Every wall.
    pub const ALL: Self = Self(u32::MAX);

    /// These and no others.
    #[cfg(all(debug_assertions, target_os = "linux"))]
    pub fn only(walls: &[Wall]) -> Self {
        Self(walls.iter().fold(0, |bits, wall| bits | wall.bit()))
    }

    /// Whether this one is wanted.
    #[cfg(target_os = "linux")]
    pub fn want(self, wall: Wall) -> bool {
        self.0 & wall.bit() != 0
    }
}

/// What one runner may use, as the kernel of the system counts it.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "no bound is set elsewhere")
)]
pub(crate) struct Bounds {
    /// Mapped memory, with binary and stacks.
    pub address_space_bytes: u64,
    /// Descriptors at a time.
    pub open_files: u64,
}

/// Gives this process namespaces of its own, an empty root, and a companion outside that waits for
/// it, mirrors its end and never returns from here. Whoever started this process goes on talking
/// to the one that returns. Tells what could not be had.
///
/// Nothing that is opened by path afterwards is found: what a worker needs of files comes before.
pub(crate) fn separate() -> Vec<Missing> {
    system::separate(Walls::ALL)
}

/// Takes every right of this process that a keeper can do without: privileges, files, network,
/// new programs. It can fork, wait, kill its children, and talk over the pipes that it has.
pub(crate) fn confine_keeper() -> Vec<Missing> {
    system::confine_keeper(Walls::ALL)
}

/// Takes what is left: memory, time, descriptors within bounds, and a short list of system calls.
/// Comes in the runner after the fork, before its threads start.
pub(crate) fn confine_interpreter(bounds: &Bounds) -> Vec<Missing> {
    system::confine_interpreter(bounds, Walls::ALL)
}

/// Has the system end this process once it has had so much of the processors: what stands behind
/// those that count more finely. `None` takes the bound away.
pub(crate) fn bound_processor_time(end: Option<Duration>) {
    system::bound_processor_time(end);
}

/// A wall as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WallState {
    /// Which.
    pub wall: Wall,
    /// Why it is missing; `None` where it stands.
    pub missing: Option<String>,
}
