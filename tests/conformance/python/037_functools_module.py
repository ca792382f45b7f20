import functools
from functools import cache, cached_property, lru_cache, partial, partialmethod, reduce, singledispatch, total_ordering


@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(80), fib.cache_info().hits > 0, fib.cache_info().misses)
print(reduce(lambda a, b: a * b, [1, 2, 3, 4], 1), reduce(max, [3, 9, 2]))
power = partial(pow, 2)
print(power(10), partial(int, base=2)("1010"), power.func is pow, power.args)


@singledispatch
def show(value):
    return f"object {value}"


@show.register
def _(value: int):
    return f"int {value}"


@show.register(list)
def _(value):
    return f"list of {len(value)}"


print(show(1), show([1, 2]), show("x"), show(True))


@total_ordering
class Size:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        return self.n == other.n

    def __lt__(self, other):
        return self.n < other.n


print(Size(1) <= Size(2), Size(3) > Size(2), Size(1) >= Size(1))


class Data:
    computed = 0

    @cached_property
    def total(self):
        self.computed += 1
        return 42

    def scale(self, k, n):
        return k * n

    double = partialmethod(scale, 2)


d = Data()
print(d.total, d.total, d.computed, d.double(21))


@cache
def slow(x):
    print("computing", x)
    return x


slow(1), slow(1), slow(2)
print(sorted(["b", "A", "c"], key=functools.cmp_to_key(lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower()))))
