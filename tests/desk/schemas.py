import json
from companion import Image, tool
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, Optional, TypedDict, Union


class Mood(Enum):
    CALM = "calm"
    WILD = "wild"


@dataclass
class Point:
    x: int
    y: int = 0


class Box(TypedDict):
    width: float
    height: float


@tool
def google(text: str, times: int = 1, mood: Mood = Mood.CALM):
    """Repeats a text.

    Args:
        text: What is repeated,
            whatever it is.
        times (int): How often.

    Returns:
        All of it.
    """


@tool
def numpy(numbers: list[float], options: dict[str, int] | None = None, *, strict: bool):
    """
    Adds numbers up.

    Parameters
    ----------
    numbers : list of float
        What is added.
    strict : bool
        Whether it is.
    """


@tool(name="sphinx_tool")
def sphinx(place: Point, box: Box, way: Literal["up", "down"], some: Any = None):
    """Goes somewhere.

    :param place: From where.
    :param str way: Which way.
    """


@tool
def unions(a: Union[int, str], b: Optional[str] = None, c: Annotated[int, "a count", {"minimum": 1}] = 1,
           d: tuple[int, str] = (1, "x"), e: "list[int]" = [], image: Image = None, **more):
    pass


for function in (google, numpy, sphinx, unions):
    print(json.dumps(function.__tool__.spec, sort_keys=True))
try:
    @tool
    def positional(a, /):
        pass
except TypeError as error:
    print(error)
try:
    @tool
    def unknown(a: complex):
        pass
except TypeError as error:
    print(error)
