# Enumerations, flags, named tuples and protocols.
import enum
from typing import NamedTuple, Protocol


class Color(enum.Enum):
    RED = 1
    GREEN = enum.auto()


class Permission(enum.Flag):
    R = 4
    W = 2


class Pair(NamedTuple):
    a: int
    b: str = "x"


class Sized(Protocol):
    def __len__(self) -> int: ...


print(Color.GREEN.value, Color["RED"], list(Color), (Permission.R | Permission.W).value, Pair(1)._asdict(), Permission.R in Permission.R)
