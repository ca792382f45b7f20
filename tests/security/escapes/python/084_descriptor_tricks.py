# __getattr__ of modules, __class__ assignment of modules, and lazy attributes.
import sys
import types

print("ATTEMPTED")


class Module(types.ModuleType):
    def __getattr__(self, name):
        return sys.modules["sys"].modules.get(name)


import os
import posix

posix.__class__ = Module
os.__class__ = Module
reach(os, posix, os.sys, posix._io)
posix.__dict__.update(open=None)
del posix.__dict__["open"]
reach(posix)
