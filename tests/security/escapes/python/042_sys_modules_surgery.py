# Takes modules out of sys.modules and puts others there, then imports.
import sys

print("ATTEMPTED")
originals = dict(sys.modules)
for name in "posix", "os", "io", "_io", "builtins", "sys", "_frozen_importlib", "importlib":
    sys.modules.pop(name, None)
    try:
        module = __import__(name)
        if module is not originals.get(name):
            reach(module)
    except Exception as error:
        print(name, type(error).__name__)
    sys.modules.update(originals)
