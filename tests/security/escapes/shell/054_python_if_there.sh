# Does all of it in Python, if there is one.
python3 - <<'PROGRAM'
import os, socket, subprocess, ctypes
for act in (lambda: print(open("@SECRET_PATH@").read()), lambda: os.kill(@FOREIGN_PID@, 9), lambda: open("@TARGET_DIR@/.bashrc", "a").write("x"), lambda: print(ctypes.CDLL(None).ptrace(16, @FOREIGN_PID@, 0, 0) == 0 and "ESCAPED"), lambda: os.setuid(0) if os.getuid() else None, lambda: os.unshare(0x10000000)):
    try:
        act()
    except BaseException as error:
        print(type(error).__name__)
PROGRAM
echo ATTEMPTED
