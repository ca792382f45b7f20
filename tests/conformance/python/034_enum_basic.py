from enum import Enum, Flag, IntEnum, auto, unique


class Color(Enum):
    RED = 1
    GREEN = 2
    CRIMSON = 1


print(Color.RED, repr(Color.GREEN), Color.RED.name, Color.RED.value, Color(2), Color["RED"])
print(list(Color), Color.CRIMSON is Color.RED, Color.RED == 1, len(Color), Color.RED in Color)


class Planet(Enum):
    EARTH = (5.97e24, 6.37e6)

    def __init__(self, mass, radius):
        self.mass, self.radius = mass, radius

    @property
    def gravity(self):
        return round(6.67e-11 * self.mass / self.radius**2, 2)


print(Planet.EARTH.gravity)


class Level(IntEnum):
    LOW = 1
    HIGH = 10


print(Level.LOW < Level.HIGH, Level.HIGH + 1, sorted([Level.HIGH, Level.LOW])[0].name)


class Permission(Flag):
    R = auto()
    W = auto()
    X = auto()


rw = Permission.R | Permission.W
print(Permission.R in rw, Permission.X in rw, rw.value, (rw & Permission.R).name, bool(rw & Permission.X))
try:
    Color(9)
except ValueError as error:
    print(error)
try:
    @unique
    class Bad(Enum):
        A = 1
        B = 1
except ValueError as error:
    print(error)
Animal = Enum("Animal", "CAT DOG")
print(Animal.DOG.value, {Color.RED: "r"}[Color.RED])
for name, member in Color.__members__.items():
    print(name, member.name)
