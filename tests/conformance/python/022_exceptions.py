def risky(kind):
    try:
        if kind == "value":
            raise ValueError("bad value")
        if kind == "zero":
            return 1 / 0
        if kind == "key":
            return {}["k"]
        if kind == "type":
            return "a" + 1
        if kind == "attr":
            return None.x
        if kind == "index":
            return [][0]
        if kind == "name":
            return undefined_name
        return "fine"
    except (ValueError, ZeroDivisionError) as error:
        return f"{type(error).__name__}: {error}"
    except LookupError as error:
        return f"lookup {error!r}"
    except Exception as error:
        return f"other {type(error).__name__}: {error}"
    else:
        return "unreachable"
    finally:
        print("finally", kind)


for kind in ("value", "zero", "key", "type", "attr", "index", "name", "none"):
    print(risky(kind))


class AppError(Exception):
    def __init__(self, code, message="app"):
        super().__init__(message)
        self.code = code


try:
    raise AppError(7)
except AppError as error:
    print(error, error.code, error.args, repr(error))
try:
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise RuntimeError("wrapped") from error
except RuntimeError as error:
    print(error, repr(error.__cause__), error.__suppress_context__)
try:
    try:
        raise KeyError("a")
    finally:
        print("cleanup")
except KeyError:
    print("propagated")


def order():
    try:
        return "try"
    finally:
        print("before return")


print(order())
try:
    assert 1 == 2, "assertion text"
except AssertionError as error:
    print(error)
try:
    int("abc")
except ValueError as error:
    print(error)
try:
    raise
except RuntimeError as error:
    print(error)
print(issubclass(FileNotFoundError, OSError), OSError(2, "msg").errno, BaseException.__subclasses__() != [])
