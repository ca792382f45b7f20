import functools


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        print("call", function.__name__, args, kwargs)
        result = function(*args, **kwargs)
        print("result", result)
        return result

    return wrapper


def repeat(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return [function(*args) for _ in range(times)]

        return wrapper

    return decorate


@logged
def add(a, b=1):
    """Adds."""
    return a + b


@repeat(3)
@logged
def greet(name):
    return f"hi {name}"


print(add(1, b=2), add.__name__, add.__doc__, add.__wrapped__(5))
print(greet("x"))


class Counted:
    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


@Counted
def square(x):
    return x * x


print(square(3), square(4), square.calls)


def register(registry):
    def decorate(cls):
        registry[cls.__name__] = cls
        return cls

    return decorate


plugins = {}


@register(plugins)
class Plugin:
    pass


print(sorted(plugins), plugins["Plugin"] is Plugin)
