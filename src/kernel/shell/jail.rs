//! The jail of the shell: where it stands, and what a cell is let do in it.

use std::path::{Path, PathBuf};

use rustix::process::{Gid, Resource, Uid, chdir, getegid, geteuid};

use super::root::{self, Scratch};
use super::{SCRATCH, SCRATCH_BYTES, janitor, processes};
use crate::jail::linux::{Reach, limits, namespaces, privileges, restrict, seccomp};
use crate::jail::{Missing, Wall, Walls, required};
use crate::kernel::Terms;

/// Processes and threads of a cell at a time.
pub(super) const MOST_PROCESSES: u64 = 128;
/// The keeper and who waits for it, where they count too.
const KEEPERS: u64 = 2;
/// Descriptors of one process.
const OPEN_FILES: u64 = 256;
/// Native stack of a program's first thread.
const STACK_BYTES: u64 = 8 << 20;
/// Who owns nothing, by convention: what root becomes.
const NOBODY: u32 = 65534;

/// Devices that may be written to as well.
const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// The jail, seen from the keeper, which stands in it itself as far as it goes for all cells.
pub(super) struct Jail {
    /// The scratch folder.
    pub scratch: PathBuf,
    /// What to say before the first cell: walls that are missing and are not required.
    pub notes: Vec<String>,
    /// Whether there are a PID namespace, a network namespace and a root of its own.
    has_own_root: bool,
    terms: Terms,
    reach: Vec<(PathBuf, Reach)>,
}

impl Jail {
    /// Puts up what holds for the keeper and for all cells. The caller is the keeper afterwards:
    /// another process than before, whose parent waits for its end.
    ///
    /// # Errors
    /// Says which wall is missing, and what to try.
    pub fn enter(terms: Terms) -> Result<Self, String> {
        let was_root = geteuid().is_root();
        let mut missing = if terms.namespaces {
            namespaces::enter(Walls::ALL)
        } else {
            vec![Missing {
                wall: Wall::MountNamespace,
                reason: "it is not wanted".to_owned(),
            }]
        };
        let lacks = |missing: &[Missing], wall| missing.iter().any(|gap| gap.wall == wall);
        let has_own_root = ![
            Wall::MountNamespace,
            Wall::PidNamespace,
            Wall::NetworkNamespace,
        ]
        .into_iter()
        .any(|wall| lacks(&missing, wall));
        let owner = if was_root {
            (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY))
        } else {
            (geteuid(), getegid())
        };
        let mut notes = Vec::new();
        let (scratch, reach) = if has_own_root {
            namespaces::split();
            let has_processes = root::build(&Scratch {
                owner,
                bytes: SCRATCH_BYTES,
            })?;
            if !has_processes {
                notes.push(
                    "this system gives the shell no /proc: memory is bounded for each process, \
                     and not for all of a cell together"
                        .to_owned(),
                );
            }
            if !lacks(&missing, Wall::UtsNamespace) {
                // A name that tells nothing; without it programs see that of the machine.
                let _ = rustix::system::sethostname(b"companion");
            }
            (PathBuf::from(SCRATCH), reach_of_own_root())
        } else {
            let scratch = janitor::stand_by(owner)?;
            notes.push(format!(
                "this system gives the shell no namespaces, so its jail is Landlock and seccomp \
                 alone; the scratch folder is {}, removed at the end",
                scratch.display()
            ));
            let reach = reach_of_the_system(&scratch);
            (scratch, reach)
        };
        if namespaces::has_own_users() {
            let bounded = limits::processes();
            missing.extend(bounded.err().map(|reason| Missing {
                wall: Wall::ProcessLimit,
                reason,
            }));
        }
        rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs: {error}"))?;
        privileges::drop_all()?;
        chdir(&scratch).map_err(|error| format!("the scratch folder can't be entered: {error}"))?;
        // What is said of namespaces as such stands in the note above; nothing of a control group
        // can be seen without a file system of them.
        missing.retain(|gap| has_own_root && gap.wall != Wall::CgroupNamespace);
        notes.extend(missing.iter().map(|gap| {
            let advice = gap.wall.advice();
            format!("the shell's jail lacks a wall: {gap}; {advice}")
        }));
        Ok(Self {
            scratch,
            notes,
            has_own_root,
            terms,
            reach,
        })
    }

    /// Puts up the rest for a cell. Comes in its first process, before the program starts.
    ///
    /// # Errors
    /// Says which wall is missing, and what to try.
    pub fn confine_cell(&self) -> Result<(), String> {
        self.bound()?;
        let reach: Vec<_> = self
            .reach
            .iter()
            .map(|(path, reach)| (path.as_path(), *reach))
            .collect();
        let mut missing = restrict(&reach);
        missing.extend(seccomp::install(seccomp::shell_filter));
        // Namespaces hold what scopes would; without them a cell could end any process of the user.
        let is_required =
            |wall| required(wall) || (wall == Wall::LandlockScopes && !self.has_own_root);
        missing.retain(|gap| is_required(gap.wall));
        if !missing.is_empty() && !self.terms.accept_missing_walls {
            return Err(refusal(&missing));
        }
        // At the very end: the keeper that this process was forked from may be larger.
        limits::cap(Resource::As, self.terms.memory_bytes)
    }

    /// Bytes that a process may map, and that all of a cell together may fill.
    pub fn memory_bytes(&self) -> u64 {
        self.terms.memory_bytes
    }

    /// Whether programs see a root of their own, and not that of the system.
    pub fn has_own_root(&self) -> bool {
        self.has_own_root
    }

    /// Kills everything that a cell has started, once; what is born meanwhile is for the next call.
    pub fn kill_all(&self) {
        if self.has_own_root {
            // SAFETY: takes numbers. This is the first process of a PID namespace: -1 is all of
            // the others in it, and nobody else.
            unsafe { libc::kill(-1, libc::SIGKILL) };
        } else {
            processes::kill_descendants();
        }
    }

    fn bound(&self) -> Result<(), String> {
        for (resource, value) in [
            (Resource::Core, 0),
            (Resource::Memlock, 0),
            (Resource::Msgqueue, 0),
            (Resource::Rtprio, 0),
            (Resource::Nofile, OPEN_FILES),
            // In a folder in memory its size is the bound, and programs can tell what it is.
            (
                Resource::Fsize,
                SCRATCH_BYTES << u32::from(self.has_own_root),
            ),
            (Resource::Stack, STACK_BYTES),
        ] {
            limits::cap(resource, value)?;
        }
        let most = if namespaces::has_own_users() {
            MOST_PROCESSES + KEEPERS
        } else {
            // The bound counts whatever the user runs elsewhere.
            MOST_PROCESSES + processes::of_user(geteuid())
        };
        limits::cap(Resource::Nproc, most)
    }
}

fn paths(paths: &[&str], reach: Reach) -> impl Iterator<Item = (PathBuf, Reach)> {
    paths.iter().map(move |path| (PathBuf::from(path), reach))
}

/// What a cell may reach where nothing is shown that is anybody's.
fn reach_of_own_root() -> Vec<(PathBuf, Reach)> {
    paths(&["/"], Reach::Read)
        .chain(paths(&root::SYSTEM, Reach::Execute))
        .chain(paths(&DEVICES, Reach::Write))
        .chain(paths(&[SCRATCH, "/tmp"], Reach::Write))
        .collect()
}

/// What a cell may reach in the root of the system. Not `/proc`: it would tell of others.
fn reach_of_the_system(scratch: &Path) -> Vec<(PathBuf, Reach)> {
    paths(&root::SYSTEM, Reach::Execute)
        .chain(paths(&root::SETTINGS, Reach::Read))
        .chain(paths(&DEVICES, Reach::Write))
        .chain([(scratch.to_owned(), Reach::Write)])
        .collect()
}

/// A sentence that names what is missing and tells what to try.
fn refusal(missing: &[Missing]) -> String {
    let walls: Vec<_> = missing
        .iter()
        .map(|gap| format!("{gap} ({})", gap.wall.advice()))
        .collect();
    format!(
        "its jail can't be had here, and without it no program is run: {}",
        walls.join("; ")
    )
}
