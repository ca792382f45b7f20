//! Where there is no PID namespace: who ends what a dead keeper leaves behind.
//!
//! ```text
//! worker (outer: waits) ─fork→ janitor ─fork→ keeper ─fork→ cells
//! ```
//!
//! The janitor stands outside of the worker's process group, which the parent kills as a whole,
//! and what loses its parent below it becomes its child. When worker or keeper is gone, it kills
//! the rest and removes the scratch folder.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Gid, Pid, PidfdFlags, Signal, Uid, WaitOptions, WaitStatus, getpid, getppid, kill_process,
    pidfd_open, set_child_subreaper, set_parent_process_death_signal, setsid, wait, waitpid,
};

use super::processes;
use crate::jail::linux::namespaces;

/// Makes a scratch folder for its owner, and leaves a janitor behind who removes it. Comes back in
/// the keeper.
///
/// # Errors
/// Says what the system refused.
pub(super) fn stand_by(owner: (Uid, Gid)) -> Result<PathBuf, String> {
    if !Path::new("/proc/self/status").exists() {
        return Err(
            "there are neither namespaces nor a /proc: what a cell starts could not be found again"
                .to_owned(),
        );
    }
    let scratch = tempfile::Builder::new()
        .prefix("companion-sh-")
        .tempdir()
        .map_err(|error| format!("no scratch folder: {error}"))?;
    let (user, group) = owner;
    rustix::fs::chown(scratch.path(), Some(user), Some(group))
        .map_err(|error| format!("no scratch folder of its own: {error}"))?;
    let scratch = scratch.keep();
    namespaces::split();
    let told = |error: rustix::io::Errno| format!("no process to watch over the cells: {error}");
    // The worker's end is waited for; it must not be the janitor's.
    set_parent_process_death_signal(None).map_err(told)?;
    let worker = getppid().ok_or("the worker went away")?;
    let worker = pidfd_open(worker, PidfdFlags::empty()).map_err(told)?;
    // SAFETY: this process has one thread: the child may do whatever its parent might.
    let keeper = unsafe { libc::fork() };
    if keeper == 0 {
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(told)?;
        set_child_subreaper(Some(getpid())).map_err(told)?;
        return Ok(scratch);
    }
    let keeper = Pid::from_raw(keeper)
        .filter(|_| keeper > 0)
        .ok_or("the system gives no process for the keeper")?;
    let _ = setsid();
    let _ = set_child_subreaper(Some(getpid()));
    watch(&worker, keeper, &scratch)
}

fn watch(worker: &std::os::fd::OwnedFd, keeper: Pid, scratch: &Path) -> ! {
    let code = match pidfd_open(keeper, PidfdFlags::empty()) {
        Ok(end) => {
            close_others([worker.as_raw_fd(), end.as_raw_fd()]);
            let mut waits = [
                PollFd::new(worker, PollFlags::IN),
                PollFd::new(&end, PollFlags::IN),
            ];
            while poll(&mut waits, None) == Err(rustix::io::Errno::INTR) {}
            let _ = kill_process(keeper, Signal::KILL);
            let ended = waitpid(Some(keeper), WaitOptions::empty());
            let status = ended.ok().flatten().map(|(_, status)| status);
            status.and_then(WaitStatus::exit_status).unwrap_or(1)
        }
        Err(_) => 1,
    };
    while processes::kill_descendants() {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    remove(scratch);
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// The pipes are the keeper's: their end has to be seen when it is gone.
fn close_others(kept: [i32; 2]) {
    let (first, last) = (kept[0].min(kept[1]), kept[0].max(kept[1]));
    for (from, to) in [(0, first - 1), (first + 1, last - 1), (last + 1, i32::MAX)] {
        if from <= to {
            let (from, to) = (i64::from(from), i64::from(to));
            // SAFETY: this process opens nothing by number, touches none of these again, and ends
            // without dropping what owns them.
            unsafe { libc::syscall(libc::SYS_close_range, from, to, 0) };
        }
    }
}

/// Removes a folder, also where the programs took away their own right to look into it.
fn remove(folder: &Path) {
    if fs::remove_dir_all(folder).is_ok() {
        return;
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            // The type of the entry itself: no symbolic link is followed.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    let _ = fs::remove_dir_all(folder);
}
