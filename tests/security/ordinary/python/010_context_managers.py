# with statements, ExitStack, suppress and redirect_stdout.
import contextlib
import io


@contextlib.contextmanager
def step(name):
    print("enter", name)
    try:
        yield name.upper()
    finally:
        print("leave", name)


with step("a") as a, step("b") as b:
    print(a, b)
with contextlib.suppress(ZeroDivisionError):
    1 / 0
buffer = io.StringIO()
with contextlib.redirect_stdout(buffer):
    print("hidden")
print(repr(buffer.getvalue()))
