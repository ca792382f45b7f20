# Decorators with arguments, with wraps, and a cache.
import functools


def repeat(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return [function(*args) for _ in range(times)]

        return wrapper

    return decorate


@repeat(3)
def greet(name):
    """Greets."""
    return f"hello {name}"


@functools.lru_cache
def slow(n):
    return n if n < 2 else slow(n - 1) + slow(n - 2)


print(greet("you"), greet.__name__, greet.__doc__, slow(80), slow.cache_info().hits)
