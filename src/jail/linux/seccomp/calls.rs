//! The lists: which calls an interpreter, a keeper and a shell may make.

use libc::{
    SYS_brk, SYS_clock_getres, SYS_clock_gettime, SYS_clock_nanosleep, SYS_clone, SYS_clone3,
    SYS_close, SYS_exit, SYS_exit_group, SYS_fcntl, SYS_fstat, SYS_futex, SYS_getpid,
    SYS_getrandom, SYS_gettid, SYS_gettimeofday, SYS_ioctl, SYS_lseek, SYS_madvise, SYS_mmap,
    SYS_mprotect, SYS_mremap, SYS_munmap, SYS_nanosleep, SYS_pipe2, SYS_ppoll, SYS_prctl,
    SYS_prlimit64, SYS_read, SYS_readv, SYS_restart_syscall, SYS_rseq, SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sched_getaffinity, SYS_sched_yield,
    SYS_set_robust_list, SYS_sigaltstack, SYS_tgkill, SYS_wait4, SYS_waitid, SYS_write, SYS_writev,
};

use super::filter::{Call, Test, any, some};

/// A constant of the C library, which has them in several widths, as the kernel reads it.
macro_rules! word {
    ($constant:expr) => {
        $constant as u32
    };
}

const PROT_EXEC: u32 = word!(libc::PROT_EXEC);

/// What the C library passes to make a thread.
const THREAD: u32 = word!(
    libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_SETTLS
        | libc::CLONE_PARENT_SETTID
        | libc::CLONE_CHILD_CLEARTID
);
/// The one flag that musl adds; it has had no meaning for long.
const DETACHED: u32 = word!(libc::CLONE_DETACHED);
/// What the C library passes to fork.
const FORK: u32 = word!(libc::SIGCHLD);
const FORK_WITH_THREAD_ID: u32 =
    FORK | word!(libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID);

/// What both may do.
fn common() -> Vec<Call> {
    let mut calls: Vec<Call> = [
        // Descriptors that are open.
        SYS_read,
        SYS_readv,
        SYS_write,
        SYS_writev,
        SYS_close,
        SYS_lseek,
        SYS_fstat,
        SYS_ppoll,
        SYS_pipe2,
        // Memory.
        SYS_munmap,
        SYS_mremap,
        SYS_madvise,
        SYS_brk,
        // Threads and signals.
        SYS_futex,
        SYS_set_robust_list,
        SYS_rseq,
        SYS_sched_yield,
        SYS_sched_getaffinity,
        SYS_getpid,
        SYS_gettid,
        SYS_rt_sigaction,
        SYS_rt_sigprocmask,
        SYS_rt_sigreturn,
        SYS_sigaltstack,
        SYS_restart_syscall,
        // Children; a snapshot hears of their deaths by a descriptor.
        libc::SYS_signalfd4,
        SYS_wait4,
        SYS_waitid,
        // Time and chance.
        SYS_clock_gettime,
        SYS_clock_getres,
        SYS_clock_nanosleep,
        SYS_nanosleep,
        SYS_gettimeofday,
        SYS_getrandom,
        // The end.
        SYS_exit,
        SYS_exit_group,
    ]
    .into_iter()
    .map(any)
    .collect();
    #[cfg(target_arch = "x86_64")]
    calls.push(any(libc::SYS_poll));
    calls.extend([
        some(SYS_mmap, [vec![Test::Bits(2, PROT_EXEC, 0)]]),
        some(SYS_mprotect, [vec![Test::Bits(2, PROT_EXEC, 0)]]),
        some(
            SYS_clone,
            [THREAD, THREAD | DETACHED, FORK, FORK_WITH_THREAD_ID]
                .map(|flags| vec![Test::Is(0, flags)]),
        ),
    ]);
    // musl has a call for it on this processor.
    #[cfg(all(target_arch = "x86_64", target_env = "musl"))]
    calls.push(any(libc::SYS_fork));
    calls
}

/// What a runner may do.
pub(super) fn interpreter() -> Vec<Call> {
    let mut calls = common();
    calls.extend([
        // `abort`, so that an end for lack of memory shows as what it is.
        some(SYS_tgkill, [vec![Test::Is(2, word!(libc::SIGABRT))]]),
        some(
            SYS_fcntl,
            [libc::F_GETFL, libc::F_GETFD, libc::F_DUPFD_CLOEXEC]
                .map(|command| vec![Test::Is(1, word!(command))]),
        ),
        some(
            SYS_prctl,
            [libc::PR_SET_NAME, libc::PR_SET_PDEATHSIG]
                .map(|option| vec![Test::Is(0, word!(option))]),
        ),
        // Its own limits can be read, and the one on CPU time be moved for a cell.
        some(
            SYS_prlimit64,
            [
                vec![Test::Is(0, 0), Test::IsNull(2)],
                vec![Test::Is(0, 0), Test::Is(1, word!(libc::RLIMIT_CPU))],
            ],
        ),
    ]);
    calls
}

/// What a keeper may do: what a runner may, as its filter lies below the runner's, and to look
/// after runners.
pub(super) fn keeper() -> Vec<Call> {
    let mut calls = common();
    calls.extend(
        [
            libc::SYS_kill,
            SYS_tgkill,
            SYS_fcntl,
            libc::SYS_dup,
            libc::SYS_dup3,
            libc::SYS_close_range,
            libc::SYS_eventfd2,
            libc::SYS_rt_sigtimedwait,
            libc::SYS_timerfd_create,
            libc::SYS_timerfd_settime,
            libc::SYS_setpgid,
            libc::SYS_getpgid,
            libc::SYS_getppid,
            libc::SYS_getuid,
            libc::SYS_geteuid,
            libc::SYS_getgid,
            libc::SYS_getegid,
            libc::SYS_getrusage,
            libc::SYS_landlock_create_ruleset,
            libc::SYS_landlock_restrict_self,
        ]
        .map(any),
    );
    #[cfg(target_arch = "x86_64")]
    calls.push(any(libc::SYS_dup2));
    calls.extend([
        some(SYS_prlimit64, [vec![Test::Is(0, 0)]]),
        some(
            SYS_prctl,
            [
                libc::PR_SET_NAME,
                libc::PR_SET_PDEATHSIG,
                libc::PR_GET_PDEATHSIG,
                libc::PR_SET_NO_NEW_PRIVS,
                libc::PR_GET_NO_NEW_PRIVS,
                libc::PR_SET_CHILD_SUBREAPER,
            ]
            .map(|option| vec![Test::Is(0, word!(option))]),
        ),
        some(
            libc::SYS_seccomp,
            [vec![Test::Is(0, libc::SECCOMP_SET_MODE_FILTER)]],
        ),
    ]);
    calls
}

/// What libraries try by themselves and can do without: an error, and they go on.
pub(super) fn quietly_refused() -> Vec<(i64, i32)> {
    let calls = [
        (SYS_clone3, libc::ENOSYS),
        (SYS_ioctl, libc::ENOTTY),
        (libc::SYS_openat, libc::EACCES),
        (libc::SYS_newfstatat, libc::EACCES),
        (libc::SYS_statx, libc::EACCES),
        (libc::SYS_readlinkat, libc::EACCES),
        (libc::SYS_faccessat, libc::EACCES),
        (libc::SYS_faccessat2, libc::EACCES),
        (libc::SYS_getcwd, libc::EACCES),
        (libc::SYS_uname, libc::EPERM),
        (libc::SYS_sysinfo, libc::EPERM),
    ];
    [&calls, OLD_CALLS].concat()
}

/// The same by calls that newer processors never had.
#[cfg(target_arch = "x86_64")]
const OLD_CALLS: &[(i64, i32)] = &[
    (libc::SYS_open, libc::EACCES),
    (libc::SYS_stat, libc::EACCES),
    (libc::SYS_lstat, libc::EACCES),
    (libc::SYS_readlink, libc::EACCES),
    (libc::SYS_access, libc::EACCES),
];
#[cfg(not(target_arch = "x86_64"))]
const OLD_CALLS: &[(i64, i32)] = &[];

// Calls that are newer than the names in the C library; the numbers are those of all processors.
const SYS_OPEN_TREE_ATTR: i64 = 467;
const SYS_LSM_SET_SELF_ATTR: i64 = 460;

/// What no program of a shell's user has to do, and what would lead out of a jail.
pub(super) fn dangerous() -> Vec<Call> {
    let mut calls: Vec<Call> = [
        // Mounts and roots.
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        SYS_OPEN_TREE_ATTR,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_mount_setattr,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_quotactl,
        libc::SYS_quotactl_fd,
        // Namespaces.
        libc::SYS_unshare,
        libc::SYS_setns,
        // Other processes.
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_process_mrelease,
        libc::SYS_kcmp,
        libc::SYS_pidfd_getfd,
        libc::SYS_move_pages,
        libc::SYS_migrate_pages,
        // What has been the way out of many jails.
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_memfd_secret,
        libc::SYS_fanotify_init,
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
        libc::SYS_vmsplice,
        libc::SYS_personality,
        SYS_LSM_SET_SELF_ATTR,
        // Memory that belongs to no process and that no bound counts.
        libc::SYS_memfd_create,
        libc::SYS_shmget,
        libc::SYS_shmat,
        libc::SYS_semget,
        libc::SYS_semop,
        libc::SYS_msgget,
        libc::SYS_msgsnd,
        libc::SYS_msgrcv,
        libc::SYS_mq_open,
        // The machine.
        libc::SYS_kexec_load,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_syslog,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_vhangup,
        libc::SYS_nfsservctl,
        libc::SYS_lookup_dcookie,
        // Priorities.
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
        libc::SYS_ioprio_set,
        // Every network, and the sockets of services; a pair of its own is no way out.
        libc::SYS_socket,
    ]
    .into_iter()
    .map(any)
    .collect();
    #[cfg(target_arch = "x86_64")]
    calls.extend(
        [
            libc::SYS_kexec_file_load,
            libc::SYS_iopl,
            libc::SYS_ioperm,
            libc::SYS_modify_ldt,
            libc::SYS_uselib,
            libc::SYS_ustat,
            libc::SYS_sysfs,
        ]
        .map(any),
    );
    let namespaces = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ]
    .map(|flag| vec![Test::Bits(0, word!(flag), word!(flag))]);
    calls.extend([
        some(SYS_clone, namespaces),
        some(
            libc::SYS_socketpair,
            [vec![Test::IsNot(0, word!(libc::AF_UNIX))]],
        ),
        // What types into the terminal of somebody else.
        some(
            SYS_ioctl,
            [libc::TIOCSTI, libc::TIOCLINUX].map(|request| vec![Test::Is(1, word!(request))]),
        ),
    ]);
    calls
}
