# Formats a traceback of its own, and walks its own frames.
import sys
import traceback


def inner():
    raise ValueError("inside")


try:
    inner()
except ValueError as error:
    lines = traceback.format_exception(error)
    print(lines[0].strip(), lines[-1].strip(), [frame.name for frame in traceback.extract_tb(error.__traceback__)])
print(sys._getframe().f_code.co_name, inner.__code__.co_argcount)
