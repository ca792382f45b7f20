# Makes a built-in module by hand: _imp.create_builtin with a spec of one's own.
import _imp
import sys
from importlib.machinery import ModuleSpec, BuiltinImporter

print("ATTEMPTED")
for name in sys.builtin_module_names + ("posix", "_socket", "nt", "_winapi", "pwd", "_posixshmem", "_multiprocessing"):
    try:
        module = _imp.create_builtin(ModuleSpec(name, BuiltinImporter))
        _imp.exec_builtin(module)
    except Exception:
        continue
    if name in ("posix", "_io", "_socket", "os", "mmap", "fcntl", "resource", "select", "_signal", "_thread"):
        reach(module)
