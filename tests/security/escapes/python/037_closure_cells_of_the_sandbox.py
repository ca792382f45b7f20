# Looks into the closures and defaults of every function that the sandbox has put into the library.
import builtins
import io
import os
import sys
import time

seen = set()


def dig(value, depth=0):
    if id(value) in seen or depth > 5:
        return
    seen.add(id(value))
    for name in "__closure__", "__defaults__", "__wrapped__", "__func__", "__self__", "__globals__":
        part = getattr(value, name, None)
        if isinstance(part, tuple):
            for cell in part:
                dig(getattr(cell, "cell_contents", cell), depth + 1)
        elif isinstance(part, dict):
            reach(part)
        elif part is not None:
            dig(part, depth + 1)


for value in (open, input, exit, help, time.sleep, os.read, os.open, os.system, io.open, sys.stdout.write,
              sys.stdin.readline, sys.settrace, builtins.exec, builtins.__import__, os.urandom, os.fork):
    dig(value)
print("ATTEMPTED")
