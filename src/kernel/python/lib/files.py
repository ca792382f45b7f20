# `open()` and `io.FileIO` over the broker: the raw file is ours, buffers and text are those of
# RustPython's own `io`. Loaded when something is opened.

import _io
import io

from posix import _path, _native, open as _open
from posix import O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY

_BUFFER_SIZE = 128 * 1024


class FileIO(io.RawIOBase):
    """Open a file."""

    def __init__(self, file, mode="r", closefd=True, opener=None):
        self._fd = -1
        self._closefd = closefd
        if isinstance(mode, str) is False:
            raise TypeError(f"invalid mode: {mode!r}")
        kinds = [letter for letter in mode if letter in "rwxa"]
        if set(mode) - set("rwxab+"):
            raise ValueError(f"invalid mode: {mode}")
        if len(kinds) != 1 or mode.count("+") > 1:
            raise ValueError("Must have exactly one of create/read/write/append mode and at most one plus")
        kind, plus = kinds[0], "+" in mode
        self._readable = kind == "r" or plus
        self._writable = kind != "r" or plus
        self._kind, self._plus = kind, plus
        flags = O_RDWR if plus else O_RDONLY if kind == "r" else O_WRONLY
        flags |= {"r": 0, "w": O_CREAT | O_TRUNC, "x": O_CREAT | O_EXCL, "a": O_CREAT | O_APPEND}[kind]
        self.name = file
        if isinstance(file, int) and not isinstance(file, bool):
            if file < 0:
                raise ValueError("negative file descriptor")
            _native["file_fstat"](file)
            self._fd = file
        elif not closefd:
            raise ValueError("Cannot use closefd=False with file name")
        elif opener is not None:
            fd = opener(file, flags)
            if not isinstance(fd, int):
                raise TypeError("expected integer from opener")
            if fd < 0:
                raise ValueError(f"opener returned {fd}")
            self._fd = fd
        else:
            self._fd = _open(file, flags, 0o666)
        if kind == "a":
            _native["file_seek"](self._fd, 0, 2)

    def __repr__(self):
        if self.closed:
            return "<_io.FileIO [closed]>"
        return f"<_io.FileIO name={self.name!r} mode={self.mode!r} closefd={self._closefd}>"

    @property
    def mode(self):
        if self._kind == "x":
            return "xb+" if self._plus else "xb"
        if self._kind == "a":
            return "ab+" if self._plus else "ab"
        return "rb+" if self._plus else "rb" if self._kind == "r" else "wb"

    @property
    def closefd(self):
        return self._closefd

    def _check(self):
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def fileno(self):
        self._check()
        return self._fd

    def isatty(self):
        self._check()
        return False

    def readable(self):
        self._check()
        return self._readable

    def writable(self):
        self._check()
        return self._writable

    def seekable(self):
        self._check()
        return True

    def read(self, size=-1, /):
        self._check()
        if not self._readable:
            raise io.UnsupportedOperation("File not open for reading")
        if size is None or size < 0:
            return self.readall()
        return _native["file_read"](self._fd, size)

    def readinto(self, buffer, /):
        self._check()
        if not self._readable:
            raise io.UnsupportedOperation("File not open for reading")
        view = memoryview(buffer).cast("B")
        data = _native["file_read"](self._fd, len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self):
        self._check()
        if not self._readable:
            raise io.UnsupportedOperation("File not open for reading")
        pieces = []
        while piece := _native["file_read"](self._fd, 1 << 20):
            pieces.append(piece)
        return b"".join(pieces)

    def write(self, data, /):
        self._check()
        if not self._writable:
            raise io.UnsupportedOperation("File not open for writing")
        return _native["file_write"](self._fd, data)

    def seek(self, offset, whence=0, /):
        self._check()
        return _native["file_seek"](self._fd, offset, whence)

    def tell(self):
        self._check()
        return _native["file_seek"](self._fd, 0, 1)

    def truncate(self, size=None, /):
        self._check()
        if not self._writable:
            raise io.UnsupportedOperation("File not open for writing")
        if size is None:
            size = self.tell()
        _native["file_truncate"](self._fd, size)
        return size

    def close(self):
        if self.closed:
            return
        try:
            super().close()
        finally:
            fd, self._fd = self._fd, -1
            if self._closefd and fd >= 0:
                try:
                    _native["file_close"](fd)
                except OSError:
                    # A kernel that was restarted, or a grant that was taken back, closed it.
                    pass


FileIO.__module__ = "_io"


def open(
    file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None
):
    if not isinstance(file, int):
        file = _path(file)
    for name, value in (("mode", mode), ("encoding", encoding), ("errors", errors)):
        if not isinstance(value, str) and (name == "mode" or value is not None):
            raise TypeError(f"open() argument '{name}' must be str, not {type(value).__name__}")
    letters = set(mode)
    if letters - set("axrwb+t") or len(mode) > len(letters):
        raise ValueError(f"invalid mode: {mode!r}")
    text, binary = "t" in letters, "b" in letters
    if text and binary:
        raise ValueError("can't have text and binary mode at once")
    if len(letters & set("axrw")) != 1:
        raise ValueError("must have exactly one of create/read/write/append mode")
    if binary:
        for name, value in (("encoding", encoding), ("errors", errors), ("newline", newline)):
            if value is not None:
                raise ValueError(f"binary mode doesn't take {'an' if name[0] == 'e' else 'a'} {name} argument")
    if newline not in (None, "", "\n", "\r", "\r\n"):
        raise ValueError(f"illegal newline value: {newline!r}")
    if buffering == 0 and not binary:
        raise ValueError("can't have unbuffered text I/O")
    raw = FileIO(file, mode.replace("t", "").replace("b", ""), closefd, opener)
    try:
        if buffering == 0:
            return raw
        size = buffering if buffering > 1 else _BUFFER_SIZE
        if raw._readable and raw._writable:
            buffer = _io.BufferedRandom(raw, size)
        elif raw._writable:
            buffer = _io.BufferedWriter(raw, size)
        else:
            buffer = _io.BufferedReader(raw, size)
        if binary:
            return buffer
        if encoding is None or encoding == "locale":
            encoding = "utf-8"
        wrapper = _io.TextIOWrapper(buffer, encoding, errors, newline, buffering == 1)
        wrapper.mode = mode
        return wrapper
    except BaseException:
        raw.close()
        raise


_io.FileIO = io.FileIO = FileIO
