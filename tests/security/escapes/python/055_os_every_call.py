# Every function of os and posix, with arguments that would show.
import os
import posix

print("ATTEMPTED")
for module in posix, os:
    for name in sorted(dir(module)):
        function = getattr(module, name)
        if not callable(function) or name in ("_exit", "abort", "fork", "forkpty") or isinstance(function, type):
            continue
        for arguments in (("@SECRET_PATH@",), ("@SECRET_PATH@", 0), ("@SECRET_PATH@", "@TARGET_DIR@/x"), (3,), (3, 100), (4, b"x")):
            try:
                got = function(*arguments)
            except BaseException:
                continue
            text = str(got)
            if "canary" in text or "drwx" in text or "st_ino" in text:
                print("ESCAPED", name, text[:100])
