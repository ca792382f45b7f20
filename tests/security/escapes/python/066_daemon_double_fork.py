# The recipe of a daemon: fork, setsid, fork, close everything, stay.
import os
import time

print("ATTEMPTED")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(64):
            try:
                os.close(fd)
            except OSError:
                pass
        os.execv("/bin/sleep", ["sleep", "@MARKER@"])
    os._exit(0)
print("ESCAPED: it forked")
