from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, replace


@dataclass
class Item:
    name: str
    price: float = 1.0
    tags: list = field(default_factory=list)
    hidden: int = field(default=0, repr=False, compare=False)

    def __post_init__(self):
        self.name = self.name.strip()


a, b = Item(" pen "), Item("pen", 1.0, [], 99)
print(a, a == b, asdict(a), astuple(a))
a.tags.append("x")
print(a.tags, b.tags, [f.name for f in fields(Item)])
print(replace(a, price=2.5))


@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0


print(sorted([Version(1, 2), Version(1), Version(0, 9)]), hash(Version(1)) == hash(Version(1, 0)))
try:
    Version(1).major = 2
except FrozenInstanceError as error:
    print("frozen:", error)


@dataclass(kw_only=True, slots=True)
class Options:
    verbose: bool = False
    level: int


print(Options(level=3), hasattr(Options(level=1), "__dict__"))
try:
    Item()
except TypeError as error:
    print(error)


@dataclass
class Special(Item):
    rating: int = 5


print(Special("s"), Special.__dataclass_params__.eq)
