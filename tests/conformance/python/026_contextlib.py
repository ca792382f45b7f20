import contextlib
import io


@contextlib.contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name.upper()
    finally:
        print(f"</{name}>")


with tag("p") as value:
    print(value)
with contextlib.suppress(ZeroDivisionError):
    1 / 0
    print("not reached")
buffer = io.StringIO()
with contextlib.redirect_stdout(buffer):
    print("captured")
print(repr(buffer.getvalue()))
with contextlib.ExitStack() as stack:
    for name in "ab":
        stack.enter_context(tag(name))
    stack.callback(print, "callback")
    print("inside")


class Closable:
    def close(self):
        print("closed")


with contextlib.closing(Closable()):
    print("in closing")
with contextlib.nullcontext(5) as n:
    print(n)


@tag("decorated")
def function():
    print("body")


function()
try:
    with tag("error"):
        raise RuntimeError("x")
except RuntimeError as error:
    print("error", error)
