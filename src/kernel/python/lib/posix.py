# Stands in for the module of the operating system, so that `os` and all that import it do. What
# would touch the machine raises PermissionError; the environment is empty.

error = OSError
environ = {}
_have_functions = []

F_OK, R_OK, W_OK, X_OK = 0, 4, 2, 1
O_RDONLY, O_WRONLY, O_RDWR = 0, 1, 2
O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_APPEND, O_NONBLOCK = 0o100, 0o200, 0o400, 0o1000, 0o2000, 0o4000
O_DSYNC, O_SYNC, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC = 0o10000, 0o4010000, 0o200000, 0o400000, 0o2000000
SEEK_DATA, SEEK_HOLE = 3, 4
EX_OK, EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_SOFTWARE, EX_OSERR = 0, 64, 65, 66, 70, 71
EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = 73, 74, 75, 77, 78
WNOHANG, WUNTRACED, WCONTINUED = 1, 2, 8
P_PID, P_PGID, P_ALL = 1, 2, 0
NGROUPS_MAX = 65536
TMP_MAX = 238328

_closed_files = "files are closed in the sandbox"
_closed_processes = "processes are closed in the sandbox"

for _name in (
    "access chdir chflags chmod chown chroot close closerange copy_file_range device_encoding dup"
    " dup2 fchdir fchmod fchown fdatasync fpathconf fstat fstatvfs fsync ftruncate get_inheritable"
    " ioctl lchown link listdir listxattr lockf lseek lstat major makedev minor mkdir"
    " mkfifo mknod open openpty pathconf pipe pipe2 posix_fadvise posix_fallocate pread preadv"
    " pwrite pwritev read readlink readv remove removexattr rename replace rmdir scandir sendfile"
    " set_inheritable setxattr stat statvfs symlink sync tcgetpgrp tcsetpgrp truncate ttyname"
    " unlink utime write writev getxattr memfd_create eventfd"
).split():
    globals()[_name] = _deny(_name, _closed_files)
for _name in (
    "abort execv execve fork forkpty getgrouplist getpriority initgroups kill killpg nice"
    " pidfd_open posix_spawn posix_spawnp sched_yield setegid seteuid setgid"
    " setgroups setpgid setpriority setregid setresgid setresuid setreuid setsid setuid system wait"
    " wait3 wait4 waitid waitpid getpgid getsid getloadavg"
).split():
    globals()[_name] = _deny(_name, _closed_processes)
del _name

urandom = _native["urandom"]


def getrandom(size, flags=0):
    return urandom(size)


def _exit(status):
    raise SystemExit(status)


def isatty(fd):
    return False


def get_blocking(fd):
    return True


def getcwd():
    return "/"


def getcwdb():
    return b"/"


def getpid():
    return 1


def getppid():
    return 0


def getuid():
    return 65534


geteuid = getgid = getegid = getuid


def getpgrp():
    return 1


def getgroups():
    return []


def getlogin():
    raise OSError("no login name in the sandbox")


def register_at_fork(**callbacks):
    pass


def cpu_count():
    return 1


def sched_getaffinity(pid):
    return {0}


def strerror(code):
    import errno

    return errno.errorcode.get(code, f"Unknown error {code}")


def ctermid():
    return "/dev/tty"


# `os.environ` keeps its own dictionary and tells these two.
def putenv(name, value, /):
    pass


def unsetenv(name, /):
    pass


def umask(mask, /):
    return 0o077


def WIFEXITED(status):
    return status & 0x7F == 0


def WEXITSTATUS(status):
    return status >> 8 & 0xFF


def WIFSIGNALED(status):
    return status & 0x7F not in (0, 0x7F)


def WTERMSIG(status):
    return status & 0x7F


def WIFSTOPPED(status):
    return status & 0xFF == 0x7F


def WSTOPSIG(status):
    return status >> 8 & 0xFF


def waitstatus_to_exitcode(status):
    return WEXITSTATUS(status) if WIFEXITED(status) else -WTERMSIG(status)


class _Record(tuple):
    """A tuple whose items have names, as the structures of the operating system do."""

    __slots__ = ()
    _fields = ()

    def __new__(cls, items, extra=None):
        items = tuple(items)
        if len(items) < len(cls._fields):
            raise TypeError(
                f"os.{cls.__name__}() takes a sequence of length {len(cls._fields)}"
            )
        return super().__new__(cls, items[: len(cls._fields)])

    def __repr__(self):
        fields = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
        return f"os.{type(self).__name__}({fields})"


def _record(name, fields):
    fields = tuple(fields.split())
    namespace = {"__slots__": (), "_fields": fields, "__module__": "os"}
    for index, field in enumerate(fields):
        namespace[field] = property(lambda self, index=index: self[index])
    namespace["__match_args__"] = fields
    namespace["n_fields"] = namespace["n_sequence_fields"] = len(fields)
    namespace["n_unnamed_fields"] = 0
    return type(name, (_Record,), namespace)


stat_result = _record(
    "stat_result",
    "st_mode st_ino st_dev st_nlink st_uid st_gid st_size st_atime st_mtime st_ctime",
)
statvfs_result = _record(
    "statvfs_result",
    "f_bsize f_frsize f_blocks f_bfree f_bavail f_files f_ffree f_favail f_flag f_namemax",
)
terminal_size = _record("terminal_size", "columns lines")
times_result = _record("times_result", "user system children_user children_system elapsed")
uname_result = _record("uname_result", "sysname nodename release version machine")
sched_param = _record("sched_param", "sched_priority")


class DirEntry:
    """What scandir() would give."""

    def __init__(self):
        raise TypeError("cannot create 'posix.DirEntry' instances")


def get_terminal_size(fd=1, /):
    raise OSError(25, "no terminal in the sandbox")


def times():
    import time

    used = time.process_time()
    return times_result((used, 0.0, 0.0, 0.0, time.monotonic()))


def uname():
    return uname_result(("Linux", "localhost", "", "", ""))
