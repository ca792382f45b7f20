import traceback


def inner():
    return 1 / 0


def outer():
    try:
        inner()
    except ZeroDivisionError as error:
        raise ValueError("outer failed") from error


try:
    outer()
except ValueError as error:
    print(traceback.format_exception_only(type(error), error))
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    print(names)
    print([frame.line for frame in traceback.extract_tb(error.__traceback__)])
    print([frame.lineno for frame in traceback.extract_tb(error.__traceback__.tb_next)])
    lines = traceback.format_exception(error)
    print(lines[0].strip(), len(lines) > 4, lines[-1].strip())
    print("The above exception was the direct cause" in "".join(lines))
try:
    {}["missing"]
except KeyError:
    text = traceback.format_exc()
    print(text.splitlines()[0], text.splitlines()[-1])
try:
    try:
        raise OSError("first")
    except OSError:
        raise RuntimeError("second")
except RuntimeError as error:
    text = "".join(traceback.format_exception(error))
    print("During handling of the above exception" in text, error.__context__)
try:
    compile("x = = 1", "name.py", "exec")
except SyntaxError as error:
    print(error.msg, error.lineno, error.offset, error.filename, error.text)
