//! What there is to see of files in a mount namespace.

use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount,
};
use rustix::process::{chdir, pivot_root};

/// Folders that every system has: one of them carries the new root for a moment.
const CARRIERS: [&str; 4] = ["/proc", "/dev", "/tmp", "/sys"];

/// Makes the root of this mount namespace an empty folder that can't be written to. No path leads
/// anywhere afterwards; what is open stays open.
///
/// # Errors
/// When the system refuses one of the steps.
pub(crate) fn empty_root() -> Result<(), Errno> {
    make_private()?;
    let mut outcome = Err(Errno::NOENT);
    for carrier in CARRIERS {
        let flags =
            MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        outcome = mount(
            "none",
            carrier,
            "tmpfs",
            flags,
            c"mode=0555,size=4k,nr_inodes=2",
        )
        .and_then(|()| chdir(carrier));
        if outcome.is_ok() {
            break;
        }
    }
    outcome?;
    enter_root()
}

/// What is mounted here is not seen outside, nor the other way round.
///
/// # Errors
/// When the system refuses it.
pub(crate) fn make_private() -> Result<(), Errno> {
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
}

/// The working folder, which is a mount, becomes the root, and the old root goes away.
///
/// # Errors
/// When the system refuses one of the steps.
pub(crate) fn enter_root() -> Result<(), Errno> {
    // The old root comes to lie on top of the new one, and is taken off.
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")
}
