class Animal:
    kingdom = "Animalia"
    count = 0

    def __init__(self, name):
        self.name = name
        Animal.count += 1

    def speak(self):
        return f"{self.name} makes a sound"

    @classmethod
    def create(cls, name):
        return cls(name)

    @staticmethod
    def is_valid(name):
        return bool(name)

    @property
    def shout(self):
        return self.name.upper()

    def __repr__(self):
        return f"{type(self).__name__}({self.name!r})"


class Dog(Animal):
    def speak(self):
        return super().speak() + ": woof"


d = Dog.create("Rex")
print(d, d.speak(), d.shout, Dog.is_valid(""), Animal.count, d.kingdom)
print(isinstance(d, Animal), issubclass(Dog, Animal), Dog.__mro__[1].__name__, type(d) is Dog)
d.kingdom = "changed"
print(d.kingdom, Animal.kingdom, sorted(vars(d)))
print(hasattr(d, "name"), getattr(d, "missing", "default"))
setattr(d, "age", 3)
del d.age
try:
    d.age
except AttributeError as error:
    print(error)
try:
    d.shout = "x"
except AttributeError as error:
    print("AttributeError")


class Slots:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = 1


s = Slots()
try:
    s.c = 1
except AttributeError as error:
    print("no attribute c")
print(s.a, hasattr(s, "b"), hasattr(s, "__dict__"))
