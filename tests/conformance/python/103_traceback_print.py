import sys
import traceback


def level_one(n):
    return level_two(n - 1)


def level_two(n):
    values = [1, 2, 3]
    return values[n]


try:
    level_one(10)
except IndexError:
    kind, value, tb = sys.exc_info()
    for frame in traceback.extract_tb(tb):
        print(frame.filename.rpartition("/")[2], frame.lineno, frame.name, "|", frame.line)
    print(traceback.format_exception_only(kind, value))
    tb_walk = [f.f_code.co_name for f, _ in traceback.walk_tb(tb)]
    print(tb_walk, tb.tb_frame.f_code.co_name)
    print(tb.tb_next.tb_next.tb_frame.f_locals)
error = traceback.TracebackException.from_exception(ValueError("standalone"))
print("".join(error.format()), end="")
try:
    try:
        raise ValueError("a")
    except ValueError as first:
        raise KeyError("b") from None
except KeyError as second:
    print("".join(traceback.format_exception(second)).count("Traceback"))


class Custom(Exception):
    def __str__(self):
        return "multi\nline"


print(traceback.format_exception_only(Custom()))
traceback.print_exc(file=sys.stdout)
print(traceback.format_list([("f.py", 3, "func", "x = 1")]))


def recursive(n):
    if n:
        recursive(n - 1)
    else:
        raise RuntimeError("bottom")


try:
    recursive(10)
except RuntimeError:
    text = traceback.format_exc()
    print("Previous line repeated" in text, text.count("in recursive"))
