# Structural patterns.
def describe(value):
    match value:
        case {"type": "circle", "r": r}:
            return f"circle {r}"
        case [x, y, *rest] if rest:
            return f"{x} {y} and {len(rest)}"
        case int() | float() as n:
            return f"number {n}"
        case str(text):
            return text.upper()
        case _:
            return "other"


print([describe(v) for v in ({"type": "circle", "r": 2}, [1, 2, 3], 5, "x", None)])
