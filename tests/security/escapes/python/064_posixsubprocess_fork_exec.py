# The native function below subprocess, found without importing subprocess.
import sys

print("ATTEMPTED")
sys.modules.pop("_posixsubprocess", None)
import _posixsubprocess

reach(_posixsubprocess)
print("ESCAPED", _posixsubprocess.fork_exec(
    [b"touch", b"@TARGET_DIR@/fork"], [b"/bin/touch"], True, (), None, None, -1, -1, -1, -1, -1, -1, 3, 4, False, False, -1, None, None, None, -1, None
))
