//! Rights that a process has by what it is: capabilities, root, new code.

use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Gid, Uid, geteuid, getuid, parent_process_death_signal,
    set_dumpable_behavior, set_parent_process_death_signal,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::namespaces::{self, NOBODY};

/// Root becomes nobody where there is one, every capability is dropped and can't come back, and no other process may
/// look into this one.
///
/// # Errors
/// When a capability is left.
pub(crate) fn drop_all() -> Result<(), String> {
    // Changes of user and capabilities forget it.
    let death_signal = parent_process_death_signal().ok().flatten();
    // Without the right to do so there is nothing in this set that could be had.
    for capability in 0..64 {
        // SAFETY: takes numbers, touches no memory.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
    }
    let _ = clear_ambient_capability_set();
    let is_root = getuid().is_root() || geteuid().is_root();
    if is_root && !namespaces::has_own_users() {
        // In a container root may be the only user there is. Without capabilities it has the
        // rights of an owner, and Landlock takes those.
        let _ = become_nobody();
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none)
        .map_err(|error| format!("capabilities could not be dropped: {error}"))?;
    if capabilities(None) != Ok(none) {
        return Err("some capabilities are left".to_owned());
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| error.to_string())?;
    if death_signal.is_some() {
        set_parent_process_death_signal(death_signal).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn become_nobody() -> Result<(), Errno> {
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)
}

/// From here on no page becomes executable that was not mapped so from the start, and no page is
/// both writable and executable.
///
/// # Errors
/// When the system does not know how.
pub(crate) fn refuse_new_code() -> Result<(), String> {
    // SAFETY: both take numbers and touch no memory. A personality with this bit would make every
    // readable page executable.
    let refused = unsafe {
        let personality = libc::personality(0xffff_ffff);
        if personality & libc::READ_IMPLIES_EXEC != 0 {
            let _ = libc::personality(
                (personality & !libc::READ_IMPLIES_EXEC)
                    .unsigned_abs()
                    .into(),
            );
        }
        libc::prctl(
            libc::PR_SET_MDWE,
            libc::c_ulong::from(libc::PR_MDWE_REFUSE_EXEC_GAIN),
            0,
            0,
            0,
        )
    };
    if refused == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error().to_string())
    }
}
