# Replaces methods of the types that the sandbox itself uses.
import sys

print("ATTEMPTED")
for cls, name, value in (
    (str, "startswith", lambda *a: False),
    (dict, "__getitem__", lambda *a: 1),
    (list, "append", lambda *a: 1),
    (object, "__eq__", lambda *a: True),
    (type(sys), "__getattribute__", lambda *a: 1),
    (type(reach), "__call__", lambda *a: 1),
    (BaseException, "__str__", lambda s: "x"),
    (type, "__subclasses__", lambda s: []),
):
    try:
        setattr(cls, name, value)
        print("set", cls, name)
    except (TypeError, AttributeError) as error:
        print(type(error).__name__)
Stream = type(sys.stdout)
Stream.fileno = lambda self: 1
Stream.isatty = lambda self: True
import os

try:
    print("ESCAPED", os.write(sys.stdout.fileno(), b"x"))
except Exception as error:
    print(type(error).__name__)
