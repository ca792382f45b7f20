# Runs once in every interpreter, before any code of the user's. `native` holds the functions of
# host.rs, `sources` the text of the stand-in modules, `guards` whether what the sandbox has not is
# taken out here, too. Heavy imports wait until they are needed.

import sys
import builtins
import io
import time
import _io
import _thread
from _frozen_importlib import FrozenImporter, ModuleSpec

deny = native["deny"]
idents = [_thread.get_ident()]
threads_started = 0


# There are no threads: one that is started runs to its end inside start(), under an identity of
# its own. What would wait for another thread can wait for ever, so it raises.
def get_ident():
    return idents[-1]


def start_joinable_thread(function, handle=None, daemon=True):
    global threads_started
    threads_started += 1
    handle = _thread._ThreadHandle() if handle is None else handle
    handle._ident = 1000 + threads_started
    idents.append(handle._ident)
    try:
        function()
    except SystemExit:
        pass
    finally:
        idents.pop()
        handle._set_done()
    return handle


def start_new_thread(function, args, kwargs={}):
    return start_joinable_thread(lambda: function(*args, **kwargs)).ident


def acquire(self, blocking=True, timeout=-1):
    if not self.locked_status:
        self.locked_status = True
        return True
    if not blocking:
        return False
    if timeout is None or timeout < 0:
        raise RuntimeError("deadlock: no other thread could end this wait, threads run one after another")
    native["sleep"](timeout)
    return False


def release_save(self):
    count, self.locked_count = self.locked_count, 0
    return count


def acquire_restore(self, count):
    self.locked_count = count


_thread.get_ident = get_ident
_thread.start_joinable_thread = start_joinable_thread
_thread.start_new_thread = start_new_thread
_thread.LockType.acquire = _thread.LockType.__enter__ = acquire
_thread.RLock._is_owned = lambda self: self.locked_count > 0
_thread.RLock._release_save = release_save
_thread.RLock._acquire_restore = acquire_restore
_thread.RLock._recursion_count = lambda self: self.locked_count

import codecs
import linecache

sys.builtin_module_names = tuple(sorted({*sys.builtin_module_names, "posix"}))
sys.executable = sys._base_executable = ""
sys.prefix = sys.base_prefix = sys.exec_prefix = sys.base_exec_prefix = ""
sys.path = []
sys.path_hooks = []
sys.path_importer_cache.clear()
sys.argv = sys.orig_argv = [""]
sys._stdlib_dir = None


class Events:
    """The events of sys.monitoring, of which none ever comes: bdb reads them, and doctest bdb."""

    def __getattr__(self, name):
        return 0


class monitoring:
    events = Events()
    DEBUGGER_ID = 0


for name in ("use_tool_id", "register_callback", "set_events", "set_local_events"):
    setattr(monitoring, name, deny(name, "tracing is closed in the sandbox"))


def settrace(function, /):
    if function is not None:
        raise PermissionError(13, "tracing is closed in the sandbox")


sys.monitoring = monitoring
sys.settrace = sys.setprofile = settrace
sys._settraceallthreads = sys._setprofileallthreads = settrace
sys.gettrace = sys.getprofile = lambda: None
if guards:
    for name in ("sys.monitoring", "_interpreters", "_testinternalcapi"):
        sys.modules.pop(name, None)

REFUSED = {
    "_interpreters": "other interpreters are closed in the sandbox",
    "_interpchannels": "other interpreters are closed in the sandbox",
    "_interpqueues": "other interpreters are closed in the sandbox",
    "_testinternalcapi": "the insides of the interpreter are closed in the sandbox",
    "_remote_debugging": "other processes are closed in the sandbox",
    "_ctypes": "native code is closed in the sandbox",
    "_multiprocessing": "processes are closed in the sandbox",
    "_sqlite3": "sqlite3 is not part of this Python",
    "_ssl": "the network is closed in the sandbox",
    "_curses": "the terminal is closed in the sandbox",
    "_tkinter": "windows are closed in the sandbox",
    "fcntl": "file descriptors are closed in the sandbox",
    "termios": "the terminal is closed in the sandbox",
    "mmap": "memory maps are closed in the sandbox",
    "resource": "resource limits are closed in the sandbox",
}
if not guards:
    REFUSED = {}


def after_tempfile(module):
    def folder():
        if module.tempdir is None:
            try:
                module.tempdir = module._get_default_tempdir()
            except FileNotFoundError:
                # None that may be written to is granted, so far.
                return "/tmp"
        return module.tempdir

    module._gettempdir = folder


def after_urllib_request(module):
    import _brokered_net

    _brokered_net.open_through_broker(module)


def after_subprocess(module):
    module.Popen.__init__ = deny("Popen", "processes are closed in the sandbox")


# What to change in a module of the standard library once it has been imported.
AFTER = {
    "subprocess": after_subprocess,
    "tempfile": after_tempfile,
    "urllib.request": after_urllib_request,
}


class Changed:
    """Loads a frozen module, then changes it."""

    create_module = FrozenImporter.create_module

    @staticmethod
    def exec_module(module):
        FrozenImporter.exec_module(module)
        AFTER[module.__name__](module)


class StandIns:
    """Finds the modules that stand in for those of the operating system."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in sources:
            return ModuleSpec(name, StandIns, origin="stand-in")
        if name in AFTER:
            spec = FrozenImporter.find_spec(name, path, target)
            spec.loader = Changed
            return spec
        if name in REFUSED:
            raise ModuleNotFoundError(f"No module named {name!r}: {REFUSED[name]}", name=name)
        return None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        name = module.__spec__.name
        module.__dict__["_deny"] = deny
        module.__dict__["_native"] = native
        exec(compile(sources[name], f"<companion {name}>", "exec"), module.__dict__)


sys.meta_path.insert(0, StandIns)

def open(
    file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None
):
    """Open file and return a stream.  Raise OSError upon failure."""
    import _brokered_files

    return _brokered_files.open(file, mode, buffering, encoding, errors, newline, closefd, opener)


def open_code(path):
    """Opens the provided file with the intent to import the contents."""
    return open(path, "rb")


def late(name):
    """The class of raw files is made when somebody asks for it."""
    if name == "FileIO":
        import _brokered_files

        return _brokered_files.FileIO
    raise AttributeError(f"module 'io' has no attribute {name!r}")


builtins.open = io.open = _io.open = native["veil"]("open", open)
io.open_code = _io.open_code = native["veil"]("open_code", open_code)
io.__getattr__ = late
del io.FileIO
time.sleep = native["sleep"]


class Buffer(io.BufferedIOBase):
    """sys.stdout.buffer: bytes, shown as the UTF-8 that they should be."""

    def __init__(self, text):
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        text = self._decoder.decode(data)
        if text:
            self._text.write(text)
        return len(data)

    @property
    def name(self):
        return self._text.name

    @property
    def raw(self):
        return self

    def close(self):
        pass


class Output(io.TextIOBase):
    """sys.stdout and sys.stderr: text goes out as it comes."""

    encoding = "utf-8"
    errors = "backslashreplace"
    newlines = None
    line_buffering = False
    write_through = True
    mode = "w"

    def __init__(self, name):
        self.name = name
        self.buffer = Buffer(self)

    def writable(self):
        return True

    def isatty(self):
        return False

    def flush(self):
        pass

    def close(self):
        pass

    def reconfigure(self, **options):
        pass

    def fileno(self):
        raise io.UnsupportedOperation("fileno: file descriptors are closed in the sandbox")

    def __repr__(self):
        return f"<_io.TextIOWrapper name={self.name!r} mode={self.mode!r} encoding='utf-8'>"


class Stdout(Output):
    write = native["write_stdout"]


class Stderr(Output):
    write = native["write_stderr"]


class Input(Output):
    """sys.stdin: every line is asked for."""

    mode = "r"

    def __init__(self):
        self.name = "<stdin>"
        self._rest = ""
        self._ended = False
        self.buffer = None

    def readable(self):
        return True

    def writable(self):
        return False

    def write(self, text):
        raise io.UnsupportedOperation("not writable")

    def _more(self):
        if self._ended:
            return False
        try:
            self._rest += native["read_line"]("") + "\n"
        except EOFError:
            self._ended = True
        return not self._ended

    def readline(self, size=-1, /):
        if not self._rest:
            self._more()
        end = self._rest.find("\n") + 1 or len(self._rest)
        if size is not None and 0 <= size < end:
            end = size
        line, self._rest = self._rest[:end], self._rest[end:]
        return line

    def read(self, size=-1, /):
        if size is None or size < 0:
            size = None
        while (size is None or len(self._rest) < size) and self._more():
            pass
        end = len(self._rest) if size is None else size
        text, self._rest = self._rest[:end], self._rest[end:]
        return text

    def ask(self, prompt):
        if self._rest:
            sys.stdout.write(prompt)
            return self.readline().removesuffix("\n")
        if self._ended:
            raise EOFError("EOF when reading a line")
        return native["read_line"](prompt)


sys.stdout = sys.__stdout__ = Stdout("<stdout>")
sys.stderr = sys.__stderr__ = Stderr("<stderr>")
sys.stdin = sys.__stdin__ = Input()


def input(prompt="", /):
    """Read a string from standard input.  The trailing newline is stripped.

    The prompt string, if given, is printed to standard output without a
    trailing newline before reading input."""
    stdin = sys.stdin
    if isinstance(stdin, Input):
        return stdin.ask(str(prompt))
    if stdin is None:
        raise RuntimeError("input(): lost sys.stdin")
    sys.stdout.write(str(prompt))
    line = stdin.readline()
    if not line:
        raise EOFError("EOF when reading a line")
    return line.removesuffix("\n")


builtins.input = input


class Quitter:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Use {self.name}() to end the session"

    def __call__(self, code=None):
        raise SystemExit(code)


builtins.exit = Quitter("exit")
builtins.quit = Quitter("quit")


class Help:
    """Define the builtin 'help'."""

    def __repr__(self):
        return "Type help(object) for help about object."

    def __call__(self, *args):
        if not args:
            print(repr(self))
            return
        import pydoc

        print(pydoc.plain(pydoc.render_doc(*args)))


builtins.help = Help()
builtins.In = [""]
builtins.Out = {}


cells = set()


def prime(filename, source):
    """Lets linecache, and so tracebacks and inspect, know the source of a cell."""
    lines = source.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    linecache.cache[filename] = (len(source), None, lines, filename)
    cells.add(filename)


def remember(number, source):
    while len(builtins.In) <= number:
        builtins.In.append("")
    builtins.In[number] = source


def keep(number, value):
    """Binds a cell's value to `_` and `Out`."""
    builtins._ = value
    builtins.Out[number] = value


def display(value):
    """Shows a value that can be seen: Jupyter's `_repr_png_`."""
    if hasattr(type(value), "_repr_png_"):
        import companion

        companion.show(value)


def run_tool(name, arguments):
    """Runs a function that is a tool, for whoever called it: JSON in, JSON out."""
    import companion

    return companion._run(name, arguments)


def ours(frame):
    return frame.filename.startswith(("<companion", "<frozen importlib._bootstrap"))


def clean(error, seen):
    """Takes our own frames, and those of import, out of a TracebackException and those that it is chained to."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    error.stack[:] = [frame for frame in error.stack if not ours(frame)]
    for frame in error.stack:
        name = frame.filename
        if name not in cells and name.partition(".")[0] in sys.stdlib_module_names:
            frame.filename = f"<frozen {name}>"
    clean(error.__cause__, seen)
    clean(error.__context__, seen)
    for inner in error.exceptions or ():
        clean(inner, seen)


MOST_FRAMES = 5000


def format_error(error):
    """The text that CPython prints for an exception that nothing caught."""
    import traceback

    # To format a frame takes a quarter of a millisecond, and no one reads a million of them.
    depth, entry = 0, error.__traceback__
    while entry is not None and depth < MOST_FRAMES:
        depth, entry = depth + 1, entry.tb_next
    limit = MOST_FRAMES if entry is not None else None
    formatted = traceback.TracebackException.from_exception(error, limit=limit, compact=True)
    clean(formatted, set())
    return "".join(formatted.format(colorize=False))


def finish():
    """What is left to do when a program has ended."""
    import atexit

    atexit._run_exitfuncs()


def after_interruption():
    """Mends what an interruption can leave half done: an import, a running event loop."""
    broken = [
        name
        for name, module in list(sys.modules.items())
        if getattr(getattr(module, "__spec__", None), "_initializing", False)
    ]
    for name in list(sys.modules):
        if any(name == part or name.startswith(part + ".") for part in broken):
            del sys.modules[name]
    if "_asyncio" in sys.modules:
        sys.modules["_asyncio"]._set_running_loop(None)
