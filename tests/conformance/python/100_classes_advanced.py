class Singleton:
    _instance = None

    def __new__(cls, *args):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance


print(Singleton() is Singleton())


class Typed:
    def __class_getitem__(cls, item):
        return f"{cls.__name__}[{item.__name__}]"


print(Typed[int])


class Missing(dict):
    def __missing__(self, key):
        self[key] = value = f"made {key}"
        return value


m = Missing(a=1)
print(m["a"], m["b"], m)


class Guard:
    def __setattr__(self, name, value):
        if name.startswith("_"):
            raise AttributeError(f"{name} is private")
        super().__setattr__(name, value)

    def __getattribute__(self, name):
        return "intercepted" if name == "magic" else super().__getattribute__(name)

    def __delattr__(self, name):
        print("deleting", name)
        super().__delattr__(name)

    def __dir__(self):
        return ["only"]


g = Guard()
g.x = 1
print(g.x, g.magic, dir(g))
del g.x
try:
    g._y = 1
except AttributeError as error:
    print(error)


class Meters(float):
    def __new__(cls, value):
        return super().__new__(cls, value)

    def __repr__(self):
        return f"{float(self)}m"


print(Meters(3) + 1, Meters(2.5), isinstance(Meters(1), float))


class Celsius(int):
    pass


class Items(list):
    def first(self):
        return self[0]


print(Items([3, 1]).first(), type(Items([1]) + [2]).__name__, Celsius(5) + 1)


class Private:
    def __init__(self):
        self.__secret = 42


print(Private()._Private__secret, hasattr(Private(), "__secret"))


class Base:
    def __init__(self, *, a, **rest):
        super().__init__(**rest)
        self.a = a


class Extra:
    def __init__(self, *, b):
        self.b = b


class Both(Base, Extra):
    pass


both = Both(a=1, b=2)
print(both.a, both.b, both.__class__.__qualname__, Both.__doc__)


class Iter:
    def __reversed__(self):
        return iter("reversed")

    def __length_hint__(self):
        return 3

    def __index__(self):
        return 2

    def __int__(self):
        return 20

    def __float__(self):
        return 2.5

    def __bytes__(self):
        return b"by"

    def __round__(self, n=None):
        return "rounded"

    def __rsub__(self, other):
        return f"{other} - me"


i = Iter()
print("".join(reversed(i)), "abc"[i], int(i), float(i), bytes(i), round(i), 5 - i, hex(i), [0, 1, 2, 3][i])
