//! Namespaces, and the fork that makes the first process of a PID namespace.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    DumpableBehavior, Gid, Pid, Signal, Uid, WaitOptions, getegid, geteuid, getpid,
    set_child_subreaper, set_dumpable_behavior, set_parent_process_death_signal, setpgid, waitpid,
};
use rustix::thread::{
    UnshareFlags, set_thread_groups, set_thread_res_gid, set_thread_res_uid, unshare_unsafe,
};

use super::super::{Missing, Wall, Walls};

/// Who owns nothing, by convention.
pub(super) const NOBODY: u32 = 65534;

/// What a parent that could not fork ends with.
const NO_FORK: i32 = 71;

/// Namespaces that need rights, which a user namespace gives.
const OTHERS: [(Wall, UnshareFlags); 6] = [
    (Wall::PidNamespace, UnshareFlags::NEWPID),
    (Wall::NetworkNamespace, UnshareFlags::NEWNET),
    (Wall::MountNamespace, UnshareFlags::NEWNS),
    (Wall::IpcNamespace, UnshareFlags::NEWIPC),
    (Wall::UtsNamespace, UnshareFlags::NEWUTS),
    (Wall::CgroupNamespace, UnshareFlags::NEWCGROUP),
];

/// This process has a user namespace that was made for it.
static HAS_OWN_USERS: AtomicBool = AtomicBool::new(false);

/// Whether [`enter`] gave this process, or the one it was forked from, a user namespace.
pub(crate) fn has_own_users() -> bool {
    HAS_OWN_USERS.load(Ordering::Relaxed)
}

/// Enters namespaces of its own, as many of the wanted ones as the system gives. The PID namespace
/// is that of the children: [`split`] comes next.
pub(crate) fn enter(walls: Walls) -> Vec<Missing> {
    let wanted: Vec<_> = OTHERS
        .into_iter()
        .filter(|(wall, _)| walls.want(*wall))
        .collect();
    let others = wanted
        .iter()
        .fold(UnshareFlags::empty(), |all, (_, flag)| all | *flag);
    let mut missing = Vec::new();
    if walls.want(Wall::UserNamespace) {
        match unshare_with_maps(others) {
            Ok(Ok(())) => return missing,
            // Users of its own, and no rights with them: one by one tells which are refused.
            Ok(Err(_)) => {}
            Err(error) => missing.push(Missing::new(
                Wall::UserNamespace,
                format!("the system refuses user namespaces to this user: {error}"),
            )),
        }
    }
    for (wall, flag) in wanted {
        if let Err(error) = unshare(flag) {
            missing.push(Missing::new(
                wall,
                format!("the system refuses it: {error}"),
            ));
        }
    }
    missing
}

/// Enters a user namespace, and the others inside it; the own user and group are kept in it under
/// their numbers. Root becomes nobody first, for good: the number of root has rights outside.
///
/// # Errors
/// When there is no user namespace: nothing has changed then, save that root has no groups. The
/// inner error tells that the other namespaces were not given.
pub(crate) fn unshare_with_maps(others: UnshareFlags) -> Result<Result<(), Errno>, Errno> {
    let was_root = geteuid().is_root() && step_down();
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let entered = match unshare(UnshareFlags::NEWUSER | others) {
        Ok(()) => Ok(Ok(())),
        Err(error) => unshare(UnshareFlags::NEWUSER).map(|()| Err(error)),
    };
    if entered.is_err() {
        if was_root {
            // The saved number is still root's.
            let _ = set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT);
        }
        return entered;
    }
    // Without maps the numbers are those of the overflow user, and nothing else is different for
    // a process that makes no files: no error comes of it.
    let _ = fs::write("/proc/self/setgroups", "deny");
    let _ = fs::write("/proc/self/uid_map", format!("{user} {user} 1"));
    let _ = fs::write("/proc/self/gid_map", format!("{group} {group} 1"));
    if was_root {
        // The way back ends here. Without maps it is closed already: root has no number inside.
        let nobody = Uid::from_raw(NOBODY);
        let _ = set_thread_res_uid(nobody, nobody, nobody);
    }
    HAS_OWN_USERS.store(true, Ordering::Relaxed);
    entered
}

/// Root becomes nobody, with a way back.
fn step_down() -> bool {
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    let stepped = set_thread_groups(&[])
        .and_then(|()| set_thread_res_gid(group, group, group))
        .and_then(|()| set_thread_res_uid(user, user, Uid::ROOT));
    // Its files in /proc belong to root unless it says that it may be looked at.
    let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
    stepped.is_ok()
}

/// Enters namespaces.
pub(crate) fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    // SAFETY: the table of descriptors stays shared, which is what the contract is about.
    unsafe { unshare_unsafe(flags) }
}

/// Forks. The child goes on, and is the first process of the PID namespace if there is one; the
/// parent waits for it, ends as it ended, and never returns.
pub(crate) fn split() {
    let Ok((inner_end, outer_end)) = pipe_with(PipeFlags::CLOEXEC) else {
        end(NO_FORK);
    };
    // SAFETY: this process has one thread, so the child may do whatever its parent might.
    match unsafe { libc::fork() } {
        0 => {
            drop(outer_end);
            let killed_with_parent = set_parent_process_death_signal(Some(Signal::KILL));
            if getpid() == Pid::INIT {
                // The group of its parent has no number in here.
                let _ = setpgid(None, None);
            } else {
                // What its children leave behind comes to it and not to a stranger.
                let _ = set_child_subreaper(Some(getpid()));
            }
            let mut waits = [PollFd::new(&inner_end, PollFlags::IN)];
            // The other end closes with the parent: it may have gone before the call above.
            let is_alone = poll(&mut waits, Some(&Timespec::default())) != Ok(0);
            if killed_with_parent.is_err() || is_alone {
                end(NO_FORK);
            }
        }
        inner => match Pid::from_raw(inner) {
            Some(inner) if inner.as_raw_nonzero().get() > 0 => {
                drop(inner_end);
                // It opens nothing and writes nothing any more.
                let _ = super::limits::keeper(super::KEEPER_FILES);
                close_all_but(std::os::fd::AsRawFd::as_raw_fd(&outer_end));
                mirror(inner)
            }
            _ => end(NO_FORK),
        },
    }
}

/// The pipes are the child's: their end has to be seen when it is gone.
fn close_all_but(kept: i32) {
    let kept = libc::c_long::from(kept);
    let ranges = [(0, kept - 1), (kept + 1, libc::c_long::from(i32::MAX))];
    for (first, last) in ranges {
        if first > last {
            continue;
        }
        // SAFETY: this process opens nothing any more and touches none of these again; it ends
        // without dropping what owns them.
        let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        if closed != 0 {
            for descriptor in first..=last.min(1024) {
                // SAFETY: as above.
                unsafe { libc::syscall(libc::SYS_close, descriptor) };
            }
        }
    }
}

/// Waits for a child and ends as it did.
fn mirror(child: Pid) -> ! {
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                if let Some(code) = status.exit_status() {
                    end(code);
                }
                if let Some(signal) = status.terminating_signal() {
                    end_by(signal);
                }
            }
            Ok(None) | Err(Errno::INTR) => {}
            Err(_) => end(NO_FORK),
        }
    }
}

/// Ends by a signal, as a shell would see it.
fn end_by(signal: i32) -> ! {
    let _ = super::limits::cap(rustix::process::Resource::Core, 0);
    // SAFETY: the default action needs no handler; the set is emptied before it is used.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        libc::raise(signal);
    }
    end(128 + signal)
}

/// Ends at once: nothing is flushed and no handler runs, that is the child's to do.
fn end(code: i32) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(code) }
}
