# Stands in for the module of the operating system, so that `os` and all that import it do. Files
# and the environment are what the broker grants; the rest of the machine raises PermissionError.

error = OSError
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
    "chown chroot device_encoding dup dup2 fchdir fchmod fchown fpathconf fstatvfs"
    " get_inheritable ioctl lchown link lockf major makedev minor mkfifo mknod openpty pathconf"
    " pipe pipe2 posix_fadvise posix_fallocate pread preadv pwrite pwritev readv set_inheritable"
    " statvfs symlink sync tcgetpgrp tcsetpgrp ttyname writev memfd_create eventfd"
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


class _Environment:
    """What the broker shows of the environment, and on top of it what the program has set."""

    def __init__(self):
        self._own = {}

    def _all(self):
        variables = _native["surroundings"]()[1]
        for name, value in self._own.items():
            if value is None:
                variables.pop(name, None)
            else:
                variables[name] = value
        return variables

    def __getitem__(self, name):
        return self._all()[name]

    def __setitem__(self, name, value):
        self._own[name] = value

    def __delitem__(self, name):
        if name not in self._all():
            raise KeyError(name)
        self._own[name] = None

    def __iter__(self):
        return iter(self._all())

    def __len__(self):
        return len(self._all())

    def __contains__(self, name):
        return name in self._all()

    def keys(self):
        return self._all().keys()

    def items(self):
        return self._all().items()


environ = _Environment()


def _path(path):
    """`os.fspath`, for those that can't import it."""
    if isinstance(path, (str, bytes)):
        return path
    try:
        path = type(path).__fspath__(path)
    except AttributeError:
        raise TypeError(
            f"expected str, bytes or os.PathLike object, not {type(path).__name__}"
        ) from None
    if not isinstance(path, (str, bytes)):
        raise TypeError("expected __fspath__() to return str or bytes")
    return path


_cwd = None


def _bytes(path):
    """A path as the broker takes it: bytes, below the working folder if the program has one."""
    path = _path(path)
    if isinstance(path, str):
        path = path.encode("utf-8", "surrogateescape")
    if b"\0" in path:
        raise ValueError("embedded null byte")
    if _cwd is not None and path and not path.startswith(b"/"):
        path = _cwd.rstrip(b"/") + b"/" + path
    return path


def _no_folder_handle(**options):
    for name, value in options.items():
        if value is not None:
            raise NotImplementedError(f"{name} unavailable in the sandbox")


def getcwdb():
    return _native["surroundings"]()[0] if _cwd is None else _cwd


def getcwd():
    return getcwdb().decode("utf-8", "surrogateescape")


def chdir(path):
    global _cwd
    if not stat(path).st_mode & 0o170000 == 0o040000:
        raise NotADirectoryError(20, "Not a directory", path)
    path = _bytes(path)
    _cwd = path if path.startswith(b"/") else getcwdb().rstrip(b"/") + b"/" + path


def open(path, flags, mode=0o777, *, dir_fd=None):
    _no_folder_handle(dir_fd=dir_fd)
    return _native["file_open"](_bytes(path), flags, mode & 0o777, path)


def read(fd, length, /):
    return _native["file_read"](fd, length)


def write(fd, data, /):
    return _native["file_write"](fd, data)


def lseek(fd, position, whence, /):
    return _native["file_seek"](fd, position, whence)


def ftruncate(fd, length, /):
    _native["file_truncate"](fd, length)


def truncate(path, length):
    if isinstance(path, int):
        return ftruncate(path, length)
    fd = open(path, O_WRONLY)
    try:
        ftruncate(fd, length)
    finally:
        close(fd)


def close(fd):
    _native["file_close"](fd)


def closerange(low, high, /):
    for fd in range(low, min(high, low + 1000)):
        try:
            close(fd)
        except OSError:
            pass


def fsync(fd):
    # The broker writes at once; what the disk does is the system's affair.
    fstat(fd)


fdatasync = fsync


def stat(path, *, dir_fd=None, follow_symlinks=True):
    if isinstance(path, int):
        return fstat(path)
    _no_folder_handle(dir_fd=dir_fd)
    return _stat_result(_native["file_stat"](_bytes(path), bool(follow_symlinks), path))


def lstat(path, *, dir_fd=None):
    _no_folder_handle(dir_fd=dir_fd)
    return stat(path, follow_symlinks=False)


def fstat(fd):
    return _stat_result(_native["file_fstat"](fd))


def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
    _no_folder_handle(dir_fd=dir_fd)
    if mode & X_OK:
        return _native["file_access"](_bytes(path), False) and stat(path).st_mode & 0o170000 == 0o040000
    return _native["file_access"](_bytes(path), bool(mode & W_OK))


def mkdir(path, mode=0o777, *, dir_fd=None):
    _no_folder_handle(dir_fd=dir_fd)
    _native["file_mkdir"](_bytes(path), path)


def remove(path, *, dir_fd=None):
    _no_folder_handle(dir_fd=dir_fd)
    _native["file_remove"](_bytes(path), path)


unlink = remove


def rmdir(path, *, dir_fd=None):
    _no_folder_handle(dir_fd=dir_fd)
    _native["file_rmdir"](_bytes(path), path)


def rename(src, dst, *, src_dir_fd=None, dst_dir_fd=None):
    _no_folder_handle(src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
    _native["file_rename"](_bytes(src), _bytes(dst), src, dst)


replace = rename


def readlink(path, *, dir_fd=None):
    _no_folder_handle(dir_fd=dir_fd)
    target = _native["file_readlink"](_bytes(path), path)
    return target if isinstance(_path(path), bytes) else target.decode("utf-8", "surrogateescape")


def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    _no_folder_handle(dir_fd=dir_fd)
    _native["file_chmod"](_bytes(path), mode & 0o7777, path)


def utime(path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True):
    _no_folder_handle(dir_fd=dir_fd)
    if times is not None and ns is not None:
        raise ValueError("utime: you may specify either 'times' or 'ns' but not both")
    if times is not None:
        ns = tuple(int(time * 1_000_000_000) for time in times)
    elif ns is None:
        import time

        ns = (time.time_ns(),) * 2
    _native["file_utime"](_bytes(path), ns[0], ns[1], path)


def _entries(path):
    """The bytes or text that names of a folder are to be, and the entries."""
    if isinstance(path, int):
        raise NotImplementedError("listing by file descriptor is unavailable in the sandbox")
    path = "." if path is None else path
    entries = _native["file_list"](_bytes(path), path)
    path = _path(path)
    if isinstance(path, bytes):
        return path, entries
    return path, [(name.decode("utf-8", "surrogateescape"), *rest) for name, *rest in entries]


def listdir(path=None):
    return [name for name, *_ in _entries(path)[1]]


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


class _StatResult(stat_result):
    """The ten numbers, and those that have no place among them."""

    @property
    def st_atime(self):
        return self._times[0] / 1e9

    @property
    def st_mtime(self):
        return self._times[1] / 1e9

    @property
    def st_ctime(self):
        return self._times[2] / 1e9

    @property
    def st_atime_ns(self):
        return self._times[0]

    @property
    def st_mtime_ns(self):
        return self._times[1]

    @property
    def st_ctime_ns(self):
        return self._times[2]

    st_blksize = 4096
    st_rdev = 0

    @property
    def st_blocks(self):
        return -(-self.st_size // 512)


def _stat_result(numbers):
    mode, inode, device, links, size, *times = numbers
    items = (mode, inode, device, links, getuid(), getgid(), size, *(time // 10**9 for time in times))
    result = tuple.__new__(_StatResult, items)
    result._times = times
    return result


_StatResult.__name__ = _StatResult.__qualname__ = "stat_result"


class DirEntry:
    """What scandir() gives."""

    __slots__ = ("name", "path", "_kind", "_inode")

    def __init__(self):
        raise TypeError("cannot create 'posix.DirEntry' instances")

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"

    def __fspath__(self):
        return self.path

    def _is(self, kind, follow_symlinks):
        if self._kind == 0 or follow_symlinks and self._kind == 0o120000:
            try:
                return stat(self.path, follow_symlinks=follow_symlinks).st_mode & 0o170000 == kind
            except (FileNotFoundError, PermissionError):
                return False
        return self._kind == kind

    def is_dir(self, *, follow_symlinks=True):
        return self._is(0o040000, follow_symlinks)

    def is_file(self, *, follow_symlinks=True):
        return self._is(0o100000, follow_symlinks)

    def is_symlink(self):
        return self._is(0o120000, False)

    def is_junction(self):
        return False

    def inode(self):
        return self._inode

    def stat(self, *, follow_symlinks=True):
        return stat(self.path, follow_symlinks=follow_symlinks)


class _ScandirIterator:
    def __init__(self, entries):
        self._entries = iter(entries)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self._entries = iter(())


def scandir(path=None):
    path, entries = _entries(path)
    slash = b"/" if isinstance(path, bytes) else "/"
    start = path if path.endswith(slash) or not path else path + slash
    found = []
    for name, kind, inode in entries:
        entry = object.__new__(DirEntry)
        entry.name, entry.path, entry._kind, entry._inode = name, start + name, kind, inode
        found.append(entry)
    return _ScandirIterator(found)


def get_terminal_size(fd=1, /):
    raise OSError(25, "no terminal in the sandbox")


def times():
    import time

    used = time.process_time()
    return times_result((used, 0.0, 0.0, 0.0, time.monotonic()))


def uname():
    return uname_result(("Linux", "localhost", "", "", ""))


for _name in (
    "access chdir chmod close closerange fdatasync fstat fsync ftruncate getcwd getcwdb listdir lseek"
    " lstat mkdir open read readlink remove rename replace rmdir scandir stat truncate unlink utime"
    " write"
).split():
    globals()[_name] = _native["veil"](_name, globals()[_name])
del _name
