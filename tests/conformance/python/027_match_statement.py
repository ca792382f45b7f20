def describe(value):
    match value:
        case 0:
            return "zero"
        case int(n) if n < 0:
            return f"negative {n}"
        case int() | float():
            return "number"
        case "a" | "b":
            return "a or b"
        case str(s):
            return f"string {s!r}"
        case []:
            return "empty list"
        case [x]:
            return f"one {x}"
        case [x, *rest]:
            return f"first {x}, rest {rest}"
        case {"type": "circle", "r": r}:
            return f"circle {r}"
        case {"type": kind, **rest}:
            return f"{kind} {rest}"
        case None | True:
            return "singleton"
        case _:
            return "other"


for value in (0, -5, 7, 2.5, "a", "zz", [], [1], (1, 2, 3), {"type": "circle", "r": 2}, {"type": "sq", "w": 1}, None, True, {1}):
    print(describe(value))


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


for point in (Point(0, 0), Point(0, 5), Point(3, 3), Point(1, 2)):
    match point:
        case Point(0, 0):
            print("origin")
        case Point(x=0, y=y):
            print("on y axis at", y)
        case Point(x, y) if x == y:
            print("diagonal", x)
        case Point() as p:
            print("elsewhere", p.x, p.y)
match ["go", ("north", 3)]:
    case ["go", (direction, int(steps))]:
        print(direction, steps)
