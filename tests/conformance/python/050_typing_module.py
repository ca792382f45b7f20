import typing
from typing import Any, Callable, ClassVar, Dict, Generic, List, Literal, NamedTuple, Optional, Protocol, TypedDict, TypeVar, Union, get_args, get_origin, get_type_hints, overload, runtime_checkable

T = TypeVar("T")


class Stack(Generic[T]):
    def __init__(self):
        self.items: list[T] = []

    def push(self, item: T) -> None:
        self.items.append(item)


s = Stack[int]()
s.push(1)
print(s.items, Stack.__parameters__, get_origin(List[int]), get_args(Dict[str, int]))


class Employee(NamedTuple):
    name: str
    id: int = 3


print(Employee("Ada"), Employee("B", 5).id, Employee._field_defaults)


class Movie(TypedDict, total=False):
    title: str
    year: int


print(Movie(title="X", year=1), sorted(Movie.__annotations__))


@runtime_checkable
class Sized(Protocol):
    def __len__(self) -> int: ...


print(isinstance([], Sized), isinstance(5, Sized))


def f(a: int, b: "Optional[str]" = None, *args: float) -> list[int]: ...


print({k: str(v).replace("Optional[str]", "str | None") for k, v in get_type_hints(f).items() if k != "b"})
print(Literal["a", "b"].__args__, get_args(Callable[[int], str]), typing.cast(int, "x"), Union[int, int] is int)
print(Any, list[int], dict[str, list[int]], int | str, isinstance(5, int | str))


class WithClassVar:
    x: ClassVar[int] = 1
    y: "int"


print(sorted(get_type_hints(WithClassVar)), typing.TYPE_CHECKING)


@overload
def g(x: int) -> int: ...
@overload
def g(x: str) -> str: ...
def g(x):
    return x


print(g(1), typing.NewType("UserId", int)(5))
