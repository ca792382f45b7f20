# Loads a shared object as an extension module.
import _imp
from importlib.machinery import ExtensionFileLoader, ModuleSpec

print("ATTEMPTED")
for path in "/lib/x86_64-linux-gnu/libc.so.6", "@SECRET_PATH@", "/proc/self/exe":
    try:
        spec = ModuleSpec("libc", ExtensionFileLoader("libc", path), origin=path)
        print("ESCAPED", _imp.create_dynamic(spec))
    except Exception as error:
        print(type(error).__name__)
