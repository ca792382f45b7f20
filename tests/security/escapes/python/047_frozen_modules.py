# Asks for frozen modules whose guards run only on the ordinary way of import.
import _imp
import sys
import types

print("ATTEMPTED")
for name in "os", "subprocess", "tempfile", "shutil", "socket", "pathlib", "multiprocessing.util", "ctypes":
    try:
        code = _imp.get_frozen_object(name)
        module = types.ModuleType(name)
        module.__package__ = name.rpartition(".")[0]
        exec(code, module.__dict__)
        reach(module)
    except Exception as error:
        print(name, type(error).__name__)
