//! The root that programs see: the system's programs read-only, nobody's files, and a scratch
//! folder in memory.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::{MountFlags, mount, mount_bind, mount_bind_recursive};
use rustix::process::{Gid, Uid, chdir};

use super::SCRATCH;
use crate::jail::linux::mounts::{enter_root, make_private};

/// Folders of programs and libraries. What is a symbolic link outside is one inside.
pub(super) const SYSTEM: [&str; 8] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
];

/// What programs need of `/etc` to start and to behave; nothing in it is a secret.
pub(super) const SETTINGS: [&str; 15] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld-musl-x86_64.path",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/protocols",
    "/etc/services",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/perl",
    "/etc/ssl/openssl.cnf",
    "/etc/ssl/certs",
];

/// Devices without anything behind them.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// What of `/proc` tells about the machine and not about the processes that are seen in it.
const MASKED: [&str; 14] = [
    "acpi",
    "bus",
    "driver",
    "fs",
    "irq",
    "scsi",
    "cmdline",
    "kallsyms",
    "kcore",
    "keys",
    "kmsg",
    "modules",
    "sysrq-trigger",
    "timer_list",
];

/// One of these folders of the system carries the new root for a moment.
const CARRIERS: [&str; 5] = ["/tmp", "/var/tmp", "/mnt", "/media", "/srv"];

/// Whom the scratch folder belongs to, and how much goes into it.
pub(super) struct Scratch {
    /// Who runs the programs.
    pub owner: (Uid, Gid),
    /// Its size at most, `/tmp` included.
    pub bytes: u64,
}

/// Builds the root in this mount namespace, and enters it. Whether there is a `/proc`.
///
/// # Errors
/// Says which step the system refused.
pub(super) fn build(scratch: &Scratch) -> Result<bool, String> {
    make_private().map_err(|error| refused("a private view of the mounts", error))?;
    let root = carrier()?;
    for path in SYSTEM.iter().chain(&SETTINGS) {
        show(&root, Path::new(path))?;
    }
    write_settings(&root, scratch).map_err(|error| format!("/etc could not be made: {error}"))?;
    add_devices(&root)?;
    let has_processes = add_processes(&root)?;
    add_scratch(&root, scratch)?;
    chdir(&root).map_err(|error| refused("the new root", error))?;
    enter_root().map_err(|error| refused("the new root", error))?;
    protect(Path::new("/"), 0).map_err(|error| refused("a read-only root", error))?;
    Ok(has_processes)
}

fn refused(what: &str, error: Errno) -> String {
    format!("the system refused {what}: {error}")
}

/// A folder in memory that becomes the root.
fn carrier() -> Result<PathBuf, String> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    let mut outcome = Err(Errno::NOENT);
    for carrier in CARRIERS {
        let options = c"mode=0755,size=1m,nr_inodes=512";
        outcome = mount("companion", carrier, "tmpfs", flags, options);
        if outcome.is_ok() {
            return Ok(PathBuf::from(carrier));
        }
    }
    outcome
        .map(|()| PathBuf::new())
        .map_err(|error| refused("a folder in memory", error))
}

/// Where a path of the system is inside.
fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Shows a file or folder of the system, read-only; one that is not there is left out.
fn show(root: &Path, path: &Path) -> Result<(), String> {
    let Ok(known) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let target = inside(root, path);
    let told = |error: &dyn std::fmt::Display| {
        format!("{} could not be shown inside: {error}", path.display())
    };
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(|error| told(&error))?;
    }
    if known.is_symlink() {
        let leads_to = fs::read_link(path).map_err(|error| told(&error))?;
        return symlink(leads_to, target).map_err(|error| told(&error));
    }
    if known.is_dir() {
        fs::create_dir(&target).map_err(|error| told(&error))?;
    } else {
        fs::write(&target, "").map_err(|error| told(&error))?;
    }
    mount_bind_recursive(path, &target).map_err(|error| told(&error))?;
    protect(&target, libc::AT_RECURSIVE).map_err(|error| told(&error))
}

/// The struct of `mount_setattr(2)`.
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// Makes a mount read-only, and with `AT_RECURSIVE` those below it as well.
fn protect(path: &Path, flags: i32) -> Result<(), Errno> {
    let set = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    set_attributes(path, flags, set)
}

fn set_attributes(path: &Path, flags: i32, set: u64) -> Result<(), Errno> {
    let attributes = MountAttributes {
        set,
        clear: 0,
        propagation: 0,
        user_namespace: 0,
    };
    let path =
        std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the path is a C string and the struct is the one that the call reads, with its
    // size; both live until it returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL))
    }
}

/// Users and names as they are inside: the one who runs the programs, and nobody else.
fn write_settings(root: &Path, scratch: &Scratch) -> std::io::Result<()> {
    let (user, group) = (scratch.owner.0.as_raw(), scratch.owner.1.as_raw());
    let etc = root.join("etc");
    fs::create_dir_all(&etc)?;
    fs::write(
        etc.join("passwd"),
        format!("user:x:{user}:{group}::{SCRATCH}:/bin/sh\nroot:x:0:0::/:/bin/false\n"),
    )?;
    fs::write(etc.join("group"), format!("user:x:{group}:\nroot:x:0:\n"))?;
    fs::write(
        etc.join("nsswitch.conf"),
        "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
    )?;
    fs::write(etc.join("hosts"), "127.0.0.1 localhost companion\n")
}

fn add_devices(root: &Path) -> Result<(), String> {
    let folder = root.join("dev");
    let told = |error: &dyn std::fmt::Display| format!("/dev could not be made: {error}");
    fs::create_dir(&folder).map_err(|error| told(&error))?;
    for device in DEVICES {
        let target = folder.join(device);
        fs::write(&target, "").map_err(|error| told(&error))?;
        mount_bind(Path::new("/dev").join(device), &target).map_err(|error| told(&error))?;
        let set = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
        set_attributes(&target, 0, set).map_err(|error| told(&error))?;
    }
    for (name, leads_to) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        // Where the C library makes shared memory and semaphores that have names.
        ("shm", "/tmp"),
    ] {
        symlink(leads_to, folder.join(name)).map_err(|error| told(&error))?;
    }
    Ok(())
}

/// The processes of this PID namespace. Some containers refuse it; programs can do without.
fn add_processes(root: &Path) -> Result<bool, String> {
    let target = root.join("proc");
    fs::create_dir(&target).map_err(|error| format!("/proc could not be made: {error}"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let is_mounted = mount("proc", &target, "proc", flags, c"").is_ok();
    if !is_mounted {
        return Ok(mount("proc", &target, "proc", flags, c"subset=pid").is_ok());
    }
    let nothing = root.join(".nothing");
    fs::create_dir(&nothing).map_err(|error| format!("/proc could not be masked: {error}"))?;
    for name in MASKED {
        let masked = target.join(name);
        let Ok(known) = fs::symlink_metadata(&masked) else {
            continue;
        };
        let mask = if known.is_dir() {
            nothing.as_path()
        } else {
            Path::new("/dev/null")
        };
        mount_bind(mask, &masked)
            .and_then(|()| protect(&masked, 0))
            .map_err(|error| format!("/proc/{name} could not be masked: {error}"))?;
    }
    Ok(true)
}

/// One folder in memory is both the scratch folder and `/tmp`, so that one bound holds for both.
fn add_scratch(root: &Path, scratch: &Scratch) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("no scratch folder: {error}");
    let (home, tmp) = (inside(root, Path::new(SCRATCH)), root.join("tmp"));
    for folder in [&home, &tmp] {
        fs::create_dir(folder).map_err(|error| told(&error))?;
    }
    let options = format!("mode=0700,size={},nr_inodes=65536", scratch.bytes);
    let options = std::ffi::CString::new(options).map_err(|error| told(&error))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("scratch", &home, "tmpfs", flags, options.as_c_str()).map_err(|error| told(&error))?;
    let (user, group) = scratch.owner;
    for (name, target) in [("tmp", &tmp), ("home", &home)] {
        let part = home.join(name);
        fs::create_dir(&part).map_err(|error| told(&error))?;
        rustix::fs::chown(&part, Some(user), Some(group)).map_err(|error| told(&error))?;
        // The last one comes to lie over the folder that holds them both.
        mount_bind(&part, target).map_err(|error| told(&error))?;
    }
    Ok(())
}
