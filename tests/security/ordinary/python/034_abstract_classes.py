# Abstract base classes, single dispatch, and total ordering.
import abc
import functools


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2


@functools.singledispatch
def show(value):
    return "other"


@show.register
def _(value: int):
    return f"int {value}"


@show.register(list)
def _(value):
    return f"list of {len(value)}"


try:
    Shape()
except TypeError:
    print("abstract")
print(Square(3).area(), show(5), show([1]), show("x"), functools.reduce(lambda a, b: a * b, range(1, 6)), functools.partial(pow, 2)(5))
