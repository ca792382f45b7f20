# Dataclasses with defaults, order and frozen fields.
from dataclasses import asdict, dataclass, field, replace


@dataclass(order=True, frozen=True)
class Point:
    x: int
    y: int = 0
    tags: list = field(default_factory=list, compare=False)


points = sorted([Point(2), Point(1, 5), Point(1)])
print(points, asdict(points[0]), replace(points[1], y=9))
