# The environment, by every name that it has.
import os
import sys

print("ATTEMPTED")
shown = [
    dict(os.environ),
    os.environ.get("@VARIABLE@"),
    os.getenv("@VARIABLE@"),
    getattr(os, "environb", {}),
    os.path.expandvars("$@VARIABLE@ ${HOME} $PATH"),
    os.path.expanduser("~"),
    sys.argv, sys.orig_argv, sys.path, sys.prefix, sys.exec_prefix, sys.executable, sys.flags,
]
for value in shown:
    print(value)
os.environ["LD_PRELOAD"] = "/tmp/x.so"
os.putenv("PATH", "/tmp")
import sysconfig

try:
    print(sysconfig.get_paths())
except Exception as error:
    print(type(error).__name__)
