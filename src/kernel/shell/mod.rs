//! The shell kernel: the system's own `sh`, in a jail.
//!
//! ```text
//! companion ── pipes ── worker (outer: waits) ─fork→ keeper: pid 1 of a PID namespace
//!                                                      └─fork→ /bin/sh -c SOURCE, for each cell
//! ```
//!
//! The keeper speaks with the parent, relays what a cell prints, and when the first process of a
//! cell ends it kills whatever the cell has left behind. What stays from cell to cell is what a
//! shell has outside of itself: the files of the scratch folder, the working folder (keeper and
//! shell share it, as threads do) and the umask. Variables, functions and background jobs go.
//!
//! Invariants: no program starts before its jail stands, and where a wall that is required can't
//! be had none starts at all; nothing of a cell lives when its end is reported; a cell can
//! neither signal the keeper nor look into it.
//!
//! Absent on purpose: a terminal, standard input (it is empty), network, the user's files.

mod completeness;

#[cfg(target_os = "linux")]
mod cell;
#[cfg(target_os = "linux")]
mod jail;
#[cfg(target_os = "linux")]
mod janitor;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod root;
#[cfg(target_os = "linux")]
mod text;

#[cfg(target_os = "linux")]
use keeper::serve;

use super::{KernelSpec, Start};
use crate::protocol::Language;

/// The row of the shell.
pub(crate) const SPEC: KernelSpec = KernelSpec {
    language: Language::Shell,
    implementation: "/bin/sh of this system, in a jail",
    start: Start::Served(serve),
    completeness: completeness::completeness,
};

/// The folder that programs may write to: their home, and where they start.
#[cfg(target_os = "linux")]
const SCRATCH: &str = "/scratch";
/// What the scratch folder and `/tmp` hold together.
#[cfg(target_os = "linux")]
const SCRATCH_BYTES: u64 = 256 << 20;

#[cfg(not(target_os = "linux"))]
fn serve(mut pipes: super::Pipes) -> i32 {
    let message = format!(
        "companion has no jail for {}, and without one no program is run",
        std::env::consts::OS
    );
    let refusal = super::wire::FromWorker::StartFailed { message };
    let _ = super::wire::send(&mut pipes.output, &refusal);
    1
}
