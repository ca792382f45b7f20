import contextlib
import io
import sys

print("a", "b", sep="", end="\n\n")
print("to file", file=sys.stdout, flush=True)
buffer = io.StringIO()
print("x", 1, [2], sep="|", file=buffer)
print(repr(buffer.getvalue()))


class Tee:
    def __init__(self, *streams):
        self.streams = streams

    def write(self, text):
        for stream in self.streams:
            stream.write(text)

    def flush(self):
        pass


log = io.StringIO()
original, sys.stdout = sys.stdout, Tee(sys.stdout, log)
print("teed")
sys.stdout = original
print(repr(log.getvalue()))
with contextlib.redirect_stderr(io.StringIO()) as err:
    print("hidden", file=sys.stderr)
print(err.getvalue().strip(), sys.stdout is sys.__stdout__)
print(None, True, 1.0, "é☃", b"bytes", ..., int, print, sep="\n")
print(*range(3), sep=", ")
print(end="no newline\n")
for i in range(3):
    print(i, end=" " if i < 2 else "\n")
sys.stdout.writelines(["line 1\n", "line 2\n"])
print("tab\tand\\backslash\x07".replace("\x07", "<bell>"), "carriage", sep=" ")
try:
    print("x", sep=1)
except TypeError as error:
    print(error)
sys.stdin = io.StringIO("typed line\nsecond\n")
print(input(), input("> "), sys.stdin.read() == "")
