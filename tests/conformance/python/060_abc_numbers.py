import abc
import collections.abc
import numbers


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    @property
    @abc.abstractmethod
    def name(self): ...

    def describe(self):
        return f"{self.name}: {self.area():.2f}"


class Square(Shape):
    name = "square"

    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2


print(Square(3).describe(), sorted(Shape.__abstractmethods__))
try:
    Shape()
except TypeError as error:
    print(str(error)[:38])


@Shape.register
class Duck:
    pass


print(issubclass(Duck, Shape), isinstance(Duck(), Shape), Shape in Duck.__mro__)
print(isinstance(5, numbers.Integral), isinstance(2.5, numbers.Real), isinstance(1j, numbers.Real), issubclass(bool, numbers.Number))
print(isinstance([], collections.abc.Sequence), isinstance({}, collections.abc.Mapping), isinstance(print, collections.abc.Callable))
print(isinstance((x for x in ()), collections.abc.Generator), issubclass(str, collections.abc.Hashable), isinstance([], collections.abc.Hashable))


class Countdown(collections.abc.Sequence):
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return [3, 2, 1][i]


c = Countdown()
print(list(c), 2 in c, c.index(1), list(reversed(c)), c.count(3))


class Store(collections.abc.MutableMapping):
    def __init__(self):
        self.d = {}

    def __getitem__(self, k):
        return self.d[k]

    def __setitem__(self, k, v):
        self.d[k] = v

    def __delitem__(self, k):
        del self.d[k]

    def __iter__(self):
        return iter(self.d)

    def __len__(self):
        return len(self.d)


s = Store()
s.update(a=1, b=2)
print(s.pop("a"), s.setdefault("c", 3), dict(s), s.get("z"), "b" in s)
