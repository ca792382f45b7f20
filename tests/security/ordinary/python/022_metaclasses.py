# A metaclass that registers, a descriptor, __init_subclass__ and __slots__.
class Registry(type):
    known = {}

    def __new__(mcs, name, bases, namespace):
        cls = super().__new__(mcs, name, bases, namespace)
        mcs.known[name] = cls
        return cls


class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return getattr(instance, self.name)

    def __set__(self, instance, value):
        if value <= 0:
            raise ValueError(f"{self.name} must be positive")
        setattr(instance, self.name, value)


class Base(metaclass=Registry):
    plugins = []

    def __init_subclass__(cls, **options):
        Base.plugins.append((cls.__name__, options))


class Item(Base):
    size = Positive()


item = Item()
item.size = 3
try:
    item.size = -1
except ValueError as error:
    print(error)
print(item.size, sorted(Registry.known), Base.plugins)
