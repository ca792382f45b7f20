//! What is tried, each by a bare system call. The arguments are harmless where the call would be
//! carried out: a probe is also a program that could fail to be refused.
//!
//! Long because it is one table, an attempt a row.

use std::ffi::CString;
use std::time::Duration;

use super::Canaries;

/// What a call returned, or the number of its error.
type Outcome = Result<i64, i32>;

/// Every attempt, by name.
pub(super) static ATTEMPTS: &[(&str, fn(&Canaries) -> Outcome)] = &[
    // Files.
    ("openat_read", |c| open(&c.path("secret"), libc::O_RDONLY)),
    ("openat_write", |c| {
        open(&c.path("target"), libc::O_WRONLY | libc::O_TRUNC)
    }),
    ("openat_create", |c| {
        open(&c.path("new"), libc::O_WRONLY | libc::O_CREAT)
    }),
    ("openat_folder", |c| {
        open(&c.path(""), libc::O_RDONLY | libc::O_DIRECTORY)
    }),
    ("openat_tmpfile", |c| {
        open(&c.path(""), libc::O_RDWR | libc::O_TMPFILE)
    }),
    ("openat_path", |c| open(&c.path("secret"), libc::O_PATH)),
    ("openat_dotdot", |c| {
        open(
            &c.path("../../../../../../../../etc/passwd"),
            libc::O_RDONLY,
        )
    }),
    ("openat_root", |_| open("/", libc::O_RDONLY)),
    ("openat2", |c| {
        let how = [0_u64; 3];
        let path = text(&c.path("secret"));
        call(
            libc::SYS_openat2,
            [at(), address(&path), how.as_ptr() as usize, 24, 0, 0],
        )
    }),
    ("own_environment", |_| {
        open("/proc/self/environ", libc::O_RDONLY)
    }),
    ("own_memory", |_| open("/proc/self/mem", libc::O_RDWR)),
    ("own_maps", |_| open("/proc/self/maps", libc::O_RDONLY)),
    ("own_descriptor", |_| open("/proc/self/fd/0", libc::O_RDWR)),
    ("own_binary", |_| open("/proc/self/exe", libc::O_RDONLY)),
    ("environment_of_init", |_| {
        open("/proc/1/environ", libc::O_RDONLY)
    }),
    ("environment_of_other", |c| {
        open(&format!("/proc/{}/environ", c.pid), libc::O_RDONLY)
    }),
    ("root_of_other", |c| {
        open(&format!("/proc/{}/root/etc/passwd", c.pid), libc::O_RDONLY)
    }),
    ("kernel_memory", |_| open("/dev/mem", libc::O_RDWR)),
    ("terminal", |_| open("/dev/tty", libc::O_RDWR)),
    ("docker_socket_file", |_| {
        open("/var/run/docker.sock", libc::O_PATH)
    }),
    ("password_file", |_| open("/etc/shadow", libc::O_RDONLY)),
    ("kernel_setting", |_| {
        open("/proc/sys/kernel/core_pattern", libc::O_WRONLY)
    }),
    ("truncate", |c| {
        path(libc::SYS_truncate, &c.path("target"), 0)
    }),
    ("unlinkat", |c| {
        path_at(libc::SYS_unlinkat, &c.path("target"), 0)
    }),
    ("mkdirat", |c| {
        path_at(libc::SYS_mkdirat, &c.path("new"), 0o777)
    }),
    ("mknodat", |c| {
        path_at(
            libc::SYS_mknodat,
            &c.path("new"),
            (libc::S_IFIFO | 0o666) as usize,
        )
    }),
    ("renameat2", |c| {
        two_paths_at(libc::SYS_renameat2, &c.path("target"), &c.path("new"))
    }),
    ("linkat", |c| {
        two_paths_at(libc::SYS_linkat, &c.path("secret"), &c.path("new"))
    }),
    ("symlinkat", |c| {
        let (from, to) = (text("/etc/passwd"), text(&c.path("new")));
        call(
            libc::SYS_symlinkat,
            [address(&from), at(), address(&to), 0, 0, 0],
        )
    }),
    ("fchmodat", |c| {
        path_at(libc::SYS_fchmodat, &c.path("target"), 0o600)
    }),
    ("fchownat", |c| {
        let path = text(&c.path("target"));
        call(libc::SYS_fchownat, [at(), address(&path), 1, 1, 0, 0])
    }),
    ("utimensat", |c| {
        path_at(libc::SYS_utimensat, &c.path("target"), 0)
    }),
    ("setxattr", |c| {
        let (path, name) = (text(&c.path("target")), text("user.probe"));
        call(
            libc::SYS_setxattr,
            [address(&path), address(&name), address(&name), 1, 0, 0],
        )
    }),
    ("newfstatat", |c| {
        let mut buffer = [0_u64; 64];
        let path = text(&c.path("secret"));
        call(
            libc::SYS_newfstatat,
            [at(), address(&path), buffer.as_mut_ptr() as usize, 0, 0, 0],
        )
    }),
    ("faccessat", |c| {
        path_at(libc::SYS_faccessat, &c.path("secret"), 4)
    }),
    ("readlinkat", |_| {
        let mut buffer = [0_u8; 256];
        let path = text("/proc/self/exe");
        call(
            libc::SYS_readlinkat,
            [
                at(),
                address(&path),
                buffer.as_mut_ptr() as usize,
                256,
                0,
                0,
            ],
        )
    }),
    ("statfs", |c| {
        let mut buffer = [0_u64; 64];
        path(
            libc::SYS_statfs,
            &c.path("secret"),
            buffer.as_mut_ptr() as usize,
        )
    }),
    ("chdir", |c| path(libc::SYS_chdir, &c.path(""), 0)),
    ("chroot", |c| path(libc::SYS_chroot, &c.path(""), 0)),
    ("inotify", |c| {
        let watch = call(libc::SYS_inotify_init1, [0; 6])?;
        let path = text(&c.path("secret"));
        call(
            libc::SYS_inotify_add_watch,
            [
                watch as usize,
                address(&path),
                libc::IN_ACCESS as usize,
                0,
                0,
                0,
            ],
        )
    }),
    ("fanotify_init", |_| call(libc::SYS_fanotify_init, [0; 6])),
    ("name_to_handle_at", |c| {
        let mut handle = [128_u32; 64];
        let mut mount = 0_i32;
        let path = text(&c.path("secret"));
        call(
            libc::SYS_name_to_handle_at,
            [
                at(),
                address(&path),
                handle.as_mut_ptr() as usize,
                &raw mut mount as usize,
                0,
                0,
            ],
        )
    }),
    ("open_by_handle_at", |_| {
        let mut handle = [8_u32, 1, 2, 0];
        call(
            libc::SYS_open_by_handle_at,
            [at(), handle.as_mut_ptr() as usize, 0, 0, 0, 0],
        )
    }),
    // Programs.
    ("execve", |_| {
        let (path, name) = (text("/bin/echo"), text("executed"));
        let arguments = [address(&path), address(&name), 0];
        call(
            libc::SYS_execve,
            [address(&path), arguments.as_ptr() as usize, 0, 0, 0, 0],
        )
    }),
    ("execve_shell", |_| {
        let (path, flag, name) = (text("/bin/sh"), text("-c"), text("echo executed"));
        let arguments = [address(&path), address(&flag), address(&name), 0];
        call(
            libc::SYS_execve,
            [address(&path), arguments.as_ptr() as usize, 0, 0, 0, 0],
        )
    }),
    ("execve_itself", |_| {
        let path = text("/proc/self/exe");
        let arguments = [address(&path), 0];
        call(
            libc::SYS_execve,
            [address(&path), arguments.as_ptr() as usize, 0, 0, 0, 0],
        )
    }),
    ("memfd_exec", |_| {
        let name = text("probe");
        let file = call(libc::SYS_memfd_create, [address(&name), 0, 0, 0, 0, 0])? as usize;
        let script = text("#!/bin/echo executed\n");
        call(libc::SYS_write, [file, address(&script), 21, 0, 0, 0])?;
        let (empty, arguments) = (text(""), [address(&script), 0]);
        call(
            libc::SYS_execveat,
            [
                file,
                address(&empty),
                arguments.as_ptr() as usize,
                0,
                libc::AT_EMPTY_PATH as usize,
                0,
            ],
        )
    }),
    ("fork_bomb", |_| {
        let mut forks = 0;
        while forks < 1000 {
            // SIGCHLD and no flags: a plain fork.
            match call(libc::SYS_clone, [libc::SIGCHLD as usize, 0, 0, 0, 0, 0])? {
                0 => {
                    std::thread::sleep(Duration::from_secs(5));
                    leave();
                }
                _ => forks += 1,
            }
        }
        Ok(forks)
    }),
    ("clone_user_namespace", |_| {
        namespace_by_clone(libc::CLONE_NEWUSER)
    }),
    ("clone_mount_namespace", |_| {
        namespace_by_clone(libc::CLONE_NEWNS)
    }),
    ("clone_sharing_memory", |_| {
        // As vfork does: a child in the memory of its parent.
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        match call(libc::SYS_clone, [flags as usize, 0, 0, 0, 0, 0])? {
            0 => leave(),
            child => Ok(child),
        }
    }),
    ("clone_parent", |_| {
        // The child would be a child of the keeper.
        let flags = libc::CLONE_PARENT | libc::SIGCHLD;
        match call(libc::SYS_clone, [flags as usize, 0, 0, 0, 0, 0])? {
            0 => leave(),
            child => Ok(child),
        }
    }),
    ("clone3", |_| {
        let mut arguments = [0_u64; 11];
        arguments[4] = libc::SIGCHLD as u64;
        match call(
            libc::SYS_clone3,
            [arguments.as_mut_ptr() as usize, 88, 0, 0, 0, 0],
        )? {
            0 => leave(),
            child => Ok(child),
        }
    }),
    // New code.
    ("mmap_exec", |_| map(libc::PROT_READ | libc::PROT_EXEC)),
    ("mmap_write_exec", |_| {
        map(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC)
    }),
    ("mprotect_exec", |_| {
        let page = map(libc::PROT_READ | libc::PROT_WRITE)?;
        let protection = libc::PROT_READ | libc::PROT_EXEC;
        call(
            libc::SYS_mprotect,
            [page as usize, 4096, protection as usize, 0, 0, 0],
        )
    }),
    ("pkey_mprotect_exec", |_| {
        let page = map(libc::PROT_READ | libc::PROT_WRITE)?;
        let protection = libc::PROT_READ | libc::PROT_EXEC;
        call(
            libc::SYS_pkey_mprotect,
            [page as usize, 4096, protection as usize, usize::MAX, 0, 0],
        )
    }),
    ("personality_exec", |_| {
        call(
            libc::SYS_personality,
            [libc::READ_IMPLIES_EXEC as usize, 0, 0, 0, 0, 0],
        )
    }),
    ("memfd_create", |_| {
        let name = text("probe");
        call(libc::SYS_memfd_create, [address(&name), 0, 0, 0, 0, 0])
    }),
    ("memfd_secret", |_| call(libc::SYS_memfd_secret, [0; 6])),
    // The network.
    ("connect_tcp", |c| {
        let socket = socket(libc::AF_INET, libc::SOCK_STREAM)?;
        connect(libc::SYS_connect, socket, &internet(c.port))
    }),
    ("bind_tcp", |_| {
        let socket = socket(libc::AF_INET, libc::SOCK_STREAM)?;
        connect(libc::SYS_bind, socket, &internet(0))?;
        call(libc::SYS_listen, [socket as usize, 1, 0, 0, 0, 0])
    }),
    ("send_udp", |c| {
        let socket = socket(libc::AF_INET, libc::SOCK_DGRAM)?;
        let (to, byte) = (internet(c.port), [0_u8]);
        call(
            libc::SYS_sendto,
            [
                socket as usize,
                byte.as_ptr() as usize,
                1,
                0,
                to.as_ptr() as usize,
                to.len(),
            ],
        )
    }),
    ("connect_abstract", |c| {
        let socket = socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
        connect(
            libc::SYS_connect,
            socket,
            &local(format!("\0{}", c.folder).as_bytes()),
        )
    }),
    ("connect_path", |c| {
        let socket = socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
        connect(
            libc::SYS_connect,
            socket,
            &local(format!("{}\0", c.path("socket")).as_bytes()),
        )
    }),
    ("bind_path", |c| {
        let socket = socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
        connect(
            libc::SYS_bind,
            socket,
            &local(format!("{}\0", c.path("new")).as_bytes()),
        )
    }),
    ("socket_inet", |_| socket(libc::AF_INET, libc::SOCK_STREAM)),
    ("socket_inet6", |_| socket(libc::AF_INET6, libc::SOCK_DGRAM)),
    ("socket_unix", |_| socket(libc::AF_UNIX, libc::SOCK_STREAM)),
    ("socket_netlink", |_| {
        socket(libc::AF_NETLINK, libc::SOCK_RAW)
    }),
    ("socket_vsock", |_| {
        socket(libc::AF_VSOCK, libc::SOCK_STREAM)
    }),
    ("socket_alg", |_| socket(libc::AF_ALG, libc::SOCK_SEQPACKET)),
    ("socket_packet", |_| socket(libc::AF_PACKET, libc::SOCK_RAW)),
    ("socket_raw", |_| socket(libc::AF_INET, libc::SOCK_RAW)),
    ("socketpair", |_| {
        let mut pair = [0_i32; 2];
        call(
            libc::SYS_socketpair,
            [
                libc::AF_UNIX as usize,
                libc::SOCK_STREAM as usize,
                0,
                pair.as_mut_ptr() as usize,
                0,
                0,
            ],
        )
    }),
    // Other processes.
    ("kill_other", |c| {
        call(
            libc::SYS_kill,
            [c.pid as usize, libc::SIGTERM as usize, 0, 0, 0, 0],
        )
    }),
    ("tgkill_other", |c| {
        let pid = c.pid as usize;
        call(
            libc::SYS_tgkill,
            [pid, pid, libc::SIGTERM as usize, 0, 0, 0],
        )
    }),
    ("tgkill_abort_other", |c| {
        // The one signal that a runner may send.
        let pid = c.pid as usize;
        call(
            libc::SYS_tgkill,
            [pid, pid, libc::SIGABRT as usize, 0, 0, 0],
        )
    }),
    ("tkill_other", |c| {
        call(
            libc::SYS_tkill,
            [c.pid as usize, libc::SIGTERM as usize, 0, 0, 0, 0],
        )
    }),
    ("queue_signal_other", |c| {
        let mut information = [0_i32; 32];
        information[2] = -1;
        call(
            libc::SYS_rt_sigqueueinfo,
            [
                c.pid as usize,
                libc::SIGTERM as usize,
                information.as_mut_ptr() as usize,
                0,
                0,
                0,
            ],
        )
    }),
    ("kill_keeper", |_| {
        let keeper = call(libc::SYS_getppid, [0; 6])?;
        call(libc::SYS_kill, [keeper as usize, 0, 0, 0, 0, 0])
    }),
    ("ptrace_other", |c| {
        call(
            libc::SYS_ptrace,
            [libc::PTRACE_SEIZE as usize, c.pid as usize, 0, 0, 0, 0],
        )
    }),
    ("ptrace_me", |_| {
        call(
            libc::SYS_ptrace,
            [libc::PTRACE_TRACEME as usize, 0, 0, 0, 0, 0],
        )
    }),
    ("process_vm_readv", |c| {
        vm(libc::SYS_process_vm_readv, c.pid)
    }),
    ("process_vm_writev", |c| {
        vm(libc::SYS_process_vm_writev, c.pid)
    }),
    ("pidfd_open", |c| {
        call(libc::SYS_pidfd_open, [c.pid as usize, 0, 0, 0, 0, 0])
    }),
    ("pidfd_getfd", |c| {
        let pidfd = call(libc::SYS_pidfd_open, [c.pid as usize, 0, 0, 0, 0, 0])?;
        call(libc::SYS_pidfd_getfd, [pidfd as usize, 0, 0, 0, 0, 0])
    }),
    ("process_madvise", |c| {
        let pidfd = call(libc::SYS_pidfd_open, [c.pid as usize, 0, 0, 0, 0, 0])?;
        let advised = [0_usize, 0];
        call(
            libc::SYS_process_madvise,
            [
                pidfd as usize,
                advised.as_ptr() as usize,
                1,
                libc::MADV_COLD as usize,
                0,
                0,
            ],
        )
    }),
    ("prlimit_other", |c| {
        let mut limit = [0_u64; 2];
        call(
            libc::SYS_prlimit64,
            [
                c.pid as usize,
                libc::RLIMIT_NOFILE as usize,
                0,
                limit.as_mut_ptr() as usize,
                0,
                0,
            ],
        )
    }),
    ("setpriority_other", |c| {
        call(libc::SYS_setpriority, [0, c.pid as usize, 10, 0, 0, 0])
    }),
    ("sched_setscheduler", |_| {
        let priority = 1_i32;
        call(
            libc::SYS_sched_setscheduler,
            [
                0,
                libc::SCHED_FIFO as usize,
                &raw const priority as usize,
                0,
                0,
                0,
            ],
        )
    }),
    ("setsid", |_| call(libc::SYS_setsid, [0; 6])),
    // Rights and bounds.
    ("setuid", |_| call(libc::SYS_setuid, [0; 6])),
    ("setgid", |_| call(libc::SYS_setgid, [0; 6])),
    ("setresuid", |_| call(libc::SYS_setresuid, [0; 6])),
    ("setgroups", |_| call(libc::SYS_setgroups, [0; 6])),
    ("capset", |_| {
        let header = [0x2008_0522_u32, 0];
        let sets = [u32::MAX; 6];
        call(
            libc::SYS_capset,
            [header.as_ptr() as usize, sets.as_ptr() as usize, 0, 0, 0, 0],
        )
    }),
    ("raise_limit", |_| {
        let limit = [1_u64 << 20, 1 << 20];
        call(
            libc::SYS_prlimit64,
            [
                0,
                libc::RLIMIT_NOFILE as usize,
                limit.as_ptr() as usize,
                0,
                0,
                0,
            ],
        )
    }),
    ("too_much_memory", |_| {
        call(
            libc::SYS_mmap,
            [
                0,
                8 << 30,
                libc::PROT_READ as usize,
                (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize,
                usize::MAX,
                0,
            ],
        )
    }),
    ("too_many_descriptors", |_| {
        for _ in 0..100 {
            let mut pipe = [0_i32; 2];
            call(libc::SYS_pipe2, [pipe.as_mut_ptr() as usize, 0, 0, 0, 0, 0])?;
        }
        Ok(200)
    }),
    ("prctl_dumpable", |_| {
        call(
            libc::SYS_prctl,
            [libc::PR_SET_DUMPABLE as usize, 1, 0, 0, 0, 0],
        )
    }),
    ("prctl_capability", |_| {
        call(
            libc::SYS_prctl,
            [
                libc::PR_CAP_AMBIENT as usize,
                libc::PR_CAP_AMBIENT_RAISE as usize,
                0,
                0,
                0,
                0,
            ],
        )
    }),
    ("seccomp", |_| {
        let action = 0_u32;
        call(
            libc::SYS_seccomp,
            [
                libc::SECCOMP_GET_ACTION_AVAIL as usize,
                0,
                &raw const action as usize,
                0,
                0,
                0,
            ],
        )
    }),
    ("landlock_create_ruleset", |_| {
        call(libc::SYS_landlock_create_ruleset, [0, 0, 1, 0, 0, 0])
    }),
    // The system.
    ("mount", |c| {
        let (kind, folder) = (text("tmpfs"), text(&c.path("")));
        call(
            libc::SYS_mount,
            [address(&kind), address(&folder), address(&kind), 0, 0, 0],
        )
    }),
    ("umount2", |_| {
        path(libc::SYS_umount2, "/", libc::MNT_DETACH as usize)
    }),
    ("fsopen", |_| {
        let kind = text("tmpfs");
        call(libc::SYS_fsopen, [address(&kind), 0, 0, 0, 0, 0])
    }),
    ("open_tree", |_| {
        let root = text("/");
        call(libc::SYS_open_tree, [at(), address(&root), 1, 0, 0, 0])
    }),
    ("pivot_root", |_| {
        let here = text(".");
        call(
            libc::SYS_pivot_root,
            [address(&here), address(&here), 0, 0, 0, 0],
        )
    }),
    ("unshare_user", |_| namespace(libc::CLONE_NEWUSER)),
    ("unshare_network", |_| namespace(libc::CLONE_NEWNET)),
    ("unshare_mounts", |_| namespace(libc::CLONE_NEWNS)),
    ("setns", |c| {
        let pidfd = call(libc::SYS_pidfd_open, [c.pid as usize, 0, 0, 0, 0, 0])?;
        call(
            libc::SYS_setns,
            [pidfd as usize, libc::CLONE_NEWNS as usize, 0, 0, 0, 0],
        )
    }),
    ("io_uring_setup", |_| {
        let mut parameters = [0_u32; 64];
        call(
            libc::SYS_io_uring_setup,
            [4, parameters.as_mut_ptr() as usize, 0, 0, 0, 0],
        )
    }),
    ("bpf", |_| {
        // A map of one element of four bytes.
        let mut attributes = [0_u32; 32];
        attributes[..4].copy_from_slice(&[2, 4, 4, 1]);
        call(
            libc::SYS_bpf,
            [0, attributes.as_mut_ptr() as usize, 128, 0, 0, 0],
        )
    }),
    ("perf_event_open", |_| {
        let mut attributes = [0_u64; 16];
        attributes[0] = 1 | (128 << 32);
        call(
            libc::SYS_perf_event_open,
            [
                attributes.as_mut_ptr() as usize,
                0,
                usize::MAX,
                usize::MAX,
                0,
                0,
            ],
        )
    }),
    ("userfaultfd", |_| {
        call(libc::SYS_userfaultfd, [1, 0, 0, 0, 0, 0])
    }),
    ("keyctl", |_| {
        // The session keyring, made if there is none.
        call(libc::SYS_keyctl, [0, -3_isize as usize, 1, 0, 0, 0])
    }),
    ("add_key", |_| {
        let (kind, name) = (text("user"), text("probe"));
        call(
            libc::SYS_add_key,
            [
                address(&kind),
                address(&name),
                address(&name),
                5,
                -2_isize as usize,
                0,
            ],
        )
    }),
    ("kexec_load", |_| call(libc::SYS_kexec_load, [0; 6])),
    ("init_module", |_| {
        let nothing = text("");
        call(
            libc::SYS_init_module,
            [address(&nothing), 0, address(&nothing), 0, 0, 0],
        )
    }),
    ("delete_module", |_| {
        path(libc::SYS_delete_module, "companion_probe", 0)
    }),
    ("reboot", |_| call(libc::SYS_reboot, [0; 6])),
    ("swapon", |_| path(libc::SYS_swapon, "/nowhere", 0)),
    ("acct", |_| path(libc::SYS_acct, "/nowhere", 0)),
    ("sethostname", |_| {
        path(libc::SYS_sethostname, "probe", usize::MAX)
    }),
    ("clock_settime", |_| {
        let now = [0_u64; 2];
        call(
            libc::SYS_clock_gettime,
            [0, now.as_ptr() as usize, 0, 0, 0, 0],
        )?;
        call(
            libc::SYS_clock_settime,
            [0, now.as_ptr() as usize, 0, 0, 0, 0],
        )
    }),
    ("syslog", |_| call(libc::SYS_syslog, [10, 0, 0, 0, 0, 0])),
    ("shmget", |_| {
        call(libc::SYS_shmget, [0, 4096, 0o600, 0, 0, 0])
    }),
    ("msgget", |_| call(libc::SYS_msgget, [0, 0o600, 0, 0, 0, 0])),
    ("semget", |_| call(libc::SYS_semget, [0, 1, 0o600, 0, 0, 0])),
    ("mq_open", |_| {
        let name = text("probe");
        let flags = libc::O_CREAT | libc::O_RDWR;
        call(
            libc::SYS_mq_open,
            [address(&name), flags as usize, 0o600, 0, 0, 0],
        )
    }),
    ("timer_create", |_| {
        let mut timer = 0_i32;
        call(
            libc::SYS_timer_create,
            [0, 0, &raw mut timer as usize, 0, 0, 0],
        )
    }),
    ("type_into_terminal", |_| {
        let letter = b'x';
        call(
            libc::SYS_ioctl,
            [
                0,
                libc::TIOCSTI as usize,
                &raw const letter as usize,
                0,
                0,
                0,
            ],
        )
    }),
    #[cfg(target_arch = "x86_64")]
    ("open", |c| path(libc::SYS_open, &c.path("secret"), 0)),
    #[cfg(target_arch = "x86_64")]
    ("creat", |c| path(libc::SYS_creat, &c.path("target"), 0o666)),
    #[cfg(target_arch = "x86_64")]
    ("unlink", |c| path(libc::SYS_unlink, &c.path("target"), 0)),
    #[cfg(target_arch = "x86_64")]
    ("chmod", |c| path(libc::SYS_chmod, &c.path("target"), 0o600)),
    #[cfg(target_arch = "x86_64")]
    ("rmdir", |c| path(libc::SYS_rmdir, &c.path("empty"), 0)),
    #[cfg(target_arch = "x86_64")]
    ("iopl", |_| call(libc::SYS_iopl, [3, 0, 0, 0, 0, 0])),
    #[cfg(target_arch = "x86_64")]
    ("modify_ldt", |_| {
        let mut table = [0_u8; 64];
        call(
            libc::SYS_modify_ldt,
            [0, table.as_mut_ptr() as usize, 64, 0, 0, 0],
        )
    }),
    #[cfg(target_arch = "x86_64")]
    ("x32_call", |_| {
        // getpid of the x32 interface
        call(0x4000_0000 + libc::SYS_getpid, [0; 6])
    }),
    #[cfg(target_arch = "x86_64")]
    ("x86_call", |_| Ok(getpid_of_x86())),
    // What has to work, so that the others say something.
    ("control_getpid", |_| call(libc::SYS_getpid, [0; 6])),
    ("control_fork", |_| {
        match call(libc::SYS_clone, [libc::SIGCHLD as usize, 0, 0, 0, 0, 0])? {
            0 => leave(),
            child => Ok(child),
        }
    }),
    ("control_thread", |_| {
        let thread = std::thread::Builder::new()
            .stack_size(1 << 20)
            .spawn(|| 42)
            .map_err(|error| error.raw_os_error().unwrap_or(0))?;
        thread.join().map_err(|_| 0)
    }),
    ("control_abort", |_| {
        let pid = call(libc::SYS_getpid, [0; 6])? as usize;
        let signal = libc::SIGABRT as usize;
        call(libc::SYS_tgkill, [pid, pid, signal, 0, 0, 0])
    }),
];

impl Canaries {
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// Makes a system call.
#[expect(
    clippy::many_single_char_names,
    reason = "the six arguments of a system call"
)]
fn call(number: libc::c_long, arguments: [usize; 6]) -> Outcome {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the attempts above pass addresses of locals that are large enough for what the call
    // writes, and calls that would change this process are the ones that a wall has to refuse.
    let returned = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if returned == -1 {
        Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    } else {
        Ok(returned)
    }
}

fn leave() -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(0) }
}

fn text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

fn address(text: &CString) -> usize {
    text.as_ptr() as usize
}

/// Relative to the working folder.
fn at() -> usize {
    libc::AT_FDCWD as isize as usize
}

fn open(path: &str, flags: i32) -> Outcome {
    let path = text(path);
    let file = call(
        libc::SYS_openat,
        [at(), address(&path), flags as usize, 0o666, 0, 0],
    )?;
    // What could be opened is shown, so that a leak is seen for what it is.
    let mut bytes = [0_u8; 64];
    if let Ok(read) = call(
        libc::SYS_read,
        [file as usize, bytes.as_mut_ptr() as usize, 64, 0, 0, 0],
    ) {
        super::say(&String::from_utf8_lossy(&bytes[..read as usize]));
    }
    Ok(file)
}

fn path(number: libc::c_long, path: &str, argument: usize) -> Outcome {
    let path = text(path);
    call(number, [address(&path), argument, 0, 0, 0, 0])
}

fn path_at(number: libc::c_long, path: &str, argument: usize) -> Outcome {
    let path = text(path);
    call(number, [at(), address(&path), argument, 0, 0, 0])
}

fn two_paths_at(number: libc::c_long, from: &str, to: &str) -> Outcome {
    let (from, to) = (text(from), text(to));
    call(number, [at(), address(&from), at(), address(&to), 0, 0])
}

fn map(protection: i32) -> Outcome {
    call(
        libc::SYS_mmap,
        [
            0,
            4096,
            protection as usize,
            (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize,
            usize::MAX,
            0,
        ],
    )
}

fn namespace(flag: i32) -> Outcome {
    call(libc::SYS_unshare, [flag as usize, 0, 0, 0, 0, 0])
}

fn namespace_by_clone(flag: i32) -> Outcome {
    let flags = (flag | libc::SIGCHLD) as usize;
    match call(libc::SYS_clone, [flags, 0, 0, 0, 0, 0])? {
        0 => leave(),
        child => Ok(child),
    }
}

fn vm(number: libc::c_long, pid: i32) -> Outcome {
    let mut here = [0_u8; 8];
    let local = [here.as_mut_ptr() as usize, 8];
    // The canary was forked from the same test, or is another program: its memory lies somewhere
    // else, and an error about the address would tell that the access was allowed.
    let remote = [0x40_0000_usize, 8];
    match call(
        number,
        [
            pid as usize,
            local.as_ptr() as usize,
            1,
            remote.as_ptr() as usize,
            1,
            0,
        ],
    ) {
        Err(libc::EFAULT) => Ok(0),
        other => other,
    }
}

fn socket(family: i32, kind: i32) -> Outcome {
    call(
        libc::SYS_socket,
        [family as usize, kind as usize, 0, 0, 0, 0],
    )
}

fn connect(number: libc::c_long, socket: i64, to: &[u8]) -> Outcome {
    call(
        number,
        [socket as usize, to.as_ptr() as usize, to.len(), 0, 0, 0],
    )
}

/// An address of this machine.
fn internet(port: u16) -> [u8; 16] {
    let mut address = [0; 16];
    address[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    address[2..4].copy_from_slice(&port.to_be_bytes());
    address[4..8].copy_from_slice(&[127, 0, 0, 1]);
    address
}

fn local(name: &[u8]) -> Vec<u8> {
    let mut address = (libc::AF_UNIX as u16).to_ne_bytes().to_vec();
    address.extend(name);
    address
}

/// The call of a program for the processor's 32-bit mode, from a 64-bit program.
#[cfg(target_arch = "x86_64")]
fn getpid_of_x86() -> i64 {
    let mut number = 20_i64;
    // SAFETY: takes no arguments and changes nothing but the register that it returns in, and the
    // ones that are named.
    unsafe {
        std::arch::asm!(
            "int 0x80",
            inout("rax") number,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    number
}
