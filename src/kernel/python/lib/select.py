# Stands in for the module that waits for files and sockets: there are none in the sandbox, so
# that a wait is a sleep. An event loop needs no more for its timers.

error = OSError
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL = 1, 2, 4, 8, 16, 32
_FOREVER = 3600.0


@staticmethod  # so that a class can hold it and call it as a builtin: selectors does
def select(rlist, wlist, xlist, timeout=None, /):
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    if timeout is None:
        # Nothing can end this wait but an interruption.
        while True:
            _native["sleep"](_FOREVER)
    if timeout:
        _native["sleep"](timeout)
    return [], [], []
