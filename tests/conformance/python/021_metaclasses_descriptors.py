class Meta(type):
    def __new__(mcs, name, bases, namespace):
        namespace.setdefault("created_by", mcs.__name__)
        return super().__new__(mcs, name, bases, namespace)

    def __call__(cls, *args):
        instance = super().__call__(*args)
        instance.tagged = True
        return instance

    def __len__(cls):
        return 42


class Thing(metaclass=Meta):
    pass


print(Thing.created_by, Thing().tagged, len(Thing), type(Thing).__name__)


class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return self if instance is None else getattr(instance, self.name)

    def __set__(self, instance, value):
        if value <= 0:
            raise ValueError(f"{self.name[1:]} must be positive")
        setattr(instance, self.name, value)


class Order:
    amount = Positive()
    price = Positive()

    def __init__(self, amount, price):
        self.amount, self.price = amount, price


o = Order(2, 3)
print(o.amount * o.price, isinstance(Order.amount, Positive))
try:
    o.amount = -1
except ValueError as error:
    print(error)


class Temperature:
    def __init__(self):
        self._celsius = 0

    @property
    def fahrenheit(self):
        return self._celsius * 9 / 5 + 32

    @fahrenheit.setter
    def fahrenheit(self, value):
        self._celsius = (value - 32) * 5 / 9

    @fahrenheit.deleter
    def fahrenheit(self):
        self._celsius = None


t = Temperature()
t.fahrenheit = 212
print(t._celsius, t.fahrenheit)
del t.fahrenheit
print(t._celsius)


class Lazy:
    def __getattr__(self, name):
        return f"lazy {name}"


print(Lazy().anything)
Dynamic = type("Dynamic", (), {"x": 1, "f": lambda self: self.x + 1})
print(Dynamic().f(), Dynamic.__name__)
