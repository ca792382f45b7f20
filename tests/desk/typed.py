from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Annotated, Any, NotRequired, Optional, TypedDict, Union

from companion import Image, call, tool


class Mood(Enum):
    CALM = "calm"
    WILD = "wild"


class Size(IntEnum):
    SMALL = 1


@dataclass
class Point:
    x: int
    y: int = 7


@dataclass
class Named(Point):
    name: str = "none"
    tags: set[str] = field(default_factory=set)
    made: int = field(init=False, default=3)


@dataclass
class Tree:
    at: Point
    below: list[Tree] = field(default_factory=list)


class Box(TypedDict):
    corner: Point
    mood: NotRequired[Mood]


def tried(function, **arguments):
    try:
        print(call(function.__name__, **arguments))
    except Exception as error:
        print(type(error).__name__, error)


@tool
def shows(value: Named, mood: Mood = Mood.CALM, size: Optional[Size] = None) -> str:
    return f"{value} {mood!r} {size!r}"


@tool
def holds(a: set, b: frozenset[int], c: tuple[int, Point], d: tuple[Mood, ...], e: bytes, f: dict[int, Point]) -> str:
    return f"{a} {sorted(b)} {type(b).__name__} {c} {d} {e} {f}"


@tool
def picks(a: Union[Point, Mood, None], b: Point | Named, c: list[Mood | int], d: None = None, e: Any = None) -> str:
    return f"{a!r} {b!r} {c!r} {d!r} {e!r}"


@tool
def grows(tree: Tree, box: Box, count: Annotated[int, "how many"] = 1) -> str:
    return f"{tree} {box} {count!r}"


@tool
def looks(image: Image, more: list[Image] = [], other: Image | None = None):
    return [image.size, [one.size for one in more], other]


@tool(schema={"type": "object", "properties": {"at": {}}})
def free(at: Point) -> complex:
    return repr(at)


class Scale:
    def __init__(self, by):
        self.by = by

    def scale(self, n: int) -> int:
        """Makes it larger."""
        return n * self.by


tool(Scale(3).scale)

tried(shows, value={"x": 1, "name": "a"}, mood="wild", size=1)
tried(shows, value={"x": 1, "tags": ["b"]}, size=None)
tried(shows, value=Named(1, 2), mood=Mood.WILD)
tried(shows, value={"x": 1, "made": 3})
tried(holds, a=[1], b=[2, 1], c=[3, {"x": 4}], d=["calm"], e="aGk=", f={"5": {"x": 6}})
tried(holds, a={1}, b={2, 1}, c=(3, Point(4)), d=(Mood.CALM,), e=b"hi", f={5: Point(6)})
tried(picks, a={"x": 1}, b={"x": 1}, c=["wild", 2])
tried(picks, a="calm", b={"x": 1, "name": "z"}, c=[], e={"x": 1})
tried(grows, tree={"at": {"x": 1}, "below": [{"at": {"x": 2}}]}, box={"corner": {"x": 3}, "mood": "calm"}, count=2.0)
dots = Image.from_pixels(2, 1, bytes(8))
tried(looks, image=dots.handle, more=[dots.handle, dots])
tried(looks, image=dots, other=dots.handle)
tried(free, at={"x": 1})
tried(free, at=5)
tried(Scale(3).scale, n=2)
# Called by code the function is what it was.
print(looks.__tool__.spec["input_schema"]["required"], shows("as it is"), Scale(2).scale(2))


def refused(make):
    try:
        tool(make)
    except TypeError as error:
        print(error)


def unknown(a: Nowhere):
    pass


refused(len)
refused(Point)
refused(unknown)

# What comes out.
def gives(kind, value):
    function = lambda: value
    function.__annotations__ = {"return": kind}
    tool(function, name="gives")
    print(json.dumps(function.__tool__.spec.get("output_schema")))


gives(int, 1)
gives(dict[str, int], {})
gives(Named, None)
gives(Optional[int], None)
gives("list[Point]", [])
gives(Point | int, 1)
gives(None, None)
gives(Image, None)
gives(list[Image], None)
gives(Any, None)
gives("Nowhere", None)
