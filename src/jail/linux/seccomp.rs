//! Filters of system calls.
//!
//! A filter goes up once and holds for everything that is forked afterwards; where there are
//! several, the strictest answer counts.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod calls;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod filter;

use seccompiler::BpfProgram;

use super::super::{Missing, Wall};

/// Puts a filter up, for this thread and what comes from it.
pub(crate) fn install(filter: fn() -> Result<BpfProgram, String>) -> Option<Missing> {
    let installed = filter()
        .and_then(|program| seccompiler::apply_filter(&program).map_err(|error| error.to_string()));
    installed
        .err()
        .map(|reason| Missing::new(Wall::Seccomp, reason))
}

/// For a keeper: talk over pipes, fork, wait, kill, and put up the filter of a runner.
///
/// # Errors
/// Where there is no filter for this processor.
pub(crate) fn keeper_filter() -> Result<BpfProgram, String> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    return filter::allow_only(&calls::keeper(), &calls::quietly_refused());
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    Err(no_filter())
}

/// For a runner: memory, threads, pipes that are open, forks, time. What libraries look up by
/// themselves is refused; anything else ends the process.
///
/// # Errors
/// Where there is no filter for this processor.
pub(crate) fn interpreter_filter() -> Result<BpfProgram, String> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    return filter::allow_only(&calls::interpreter(), &calls::quietly_refused());
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    Err(no_filter())
}

/// For real programs, a shell and what it starts: everything that programs do every day, and
/// `EPERM` for what reaches beyond: mounts, namespaces, tracing, sockets, keys, modules, rings.
///
/// # Errors
/// Where there is no filter for this processor.
pub(crate) fn shell_filter() -> Result<BpfProgram, String> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    return filter::allow_all_but(&calls::dangerous());
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    Err(no_filter())
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn no_filter() -> String {
    format!("there is no filter for {}", std::env::consts::ARCH)
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use super::*;

    #[test]
    fn every_filter_can_be_put_up() {
        // The kernel takes 4096 instructions at most, and a call may be listed once only.
        for filter in [keeper_filter, interpreter_filter, shell_filter] {
            let program = filter().expect("no call is listed twice");
            assert!(program.len() < 4096, "{}", program.len());
        }
    }
}
