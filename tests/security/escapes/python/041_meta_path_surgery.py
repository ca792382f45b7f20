# Removes the first finder of sys.meta_path, so that the built-in modules are found again.
import sys

print("ATTEMPTED")
saved = list(sys.meta_path)
for finders in saved[1:], saved[::-1], [f for f in saved if "Builtin" in str(f)], [f for f in saved if "Frozen" in str(f)]:
    sys.meta_path[:] = finders
    for name in "posix", "os", "_socket", "_io", "io", "subprocess", "_posixsubprocess", "mmap", "faulthandler":
        sys.modules.pop(name, None)
        try:
            reach(__import__(name))
        except Exception as error:
            print(name, type(error).__name__)
sys.meta_path[:] = saved
