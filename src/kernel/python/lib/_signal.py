# Stands in for the module of signals: there are none in the sandbox.

NSIG = 65
SIG_DFL = 0
SIG_IGN = 1
SIGHUP = 1
SIGINT = 2
SIGQUIT = 3
SIGABRT = 6
SIGKILL = 9
SIGUSR1 = 10
SIGSEGV = 11
SIGUSR2 = 12
SIGPIPE = 13
SIGALRM = 14
SIGTERM = 15
SIGCHLD = 17

_handlers = {}


def default_int_handler(signalnum, frame, /):
    raise KeyboardInterrupt


def signal(signalnum, handler, /):
    """Keep a handler. No signal ever arrives."""
    if not 1 <= signalnum < NSIG:
        raise ValueError("signal number out of range")
    previous = _handlers.get(signalnum, SIG_DFL)
    _handlers[signalnum] = handler
    return previous


def getsignal(signalnum, /):
    return _handlers.get(signalnum, SIG_DFL)


def raise_signal(signalnum, /):
    handler = getsignal(signalnum)
    if callable(handler):
        handler(signalnum, None)
    elif signalnum == SIGINT:
        raise KeyboardInterrupt


def set_wakeup_fd(fd, /, *, warn_on_full_buffer=True):
    return -1


def valid_signals():
    return {value for name, value in globals().items() if name.startswith("SIG") and value > 1}


def strsignal(signalnum, /):
    return None


_closed = "signals are closed in the sandbox"
alarm = _deny("alarm", _closed)
setitimer = _deny("setitimer", _closed)
pause = _deny("pause", _closed)
siginterrupt = _deny("siginterrupt", _closed)
