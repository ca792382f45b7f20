# Reaches for the sandbox's objects through weak references and their callbacks.
import sys
import weakref

print("ATTEMPTED")
for thing in list(sys.meta_path) + [sys.stdout, type(sys.stdout), open, __import__]:
    try:
        reference = weakref.ref(thing, lambda r: reach(sys._getframe(1).f_globals))
        for other in weakref.getweakrefs(thing):
            reach(other())
    except Exception as error:
        print(type(error).__name__)
