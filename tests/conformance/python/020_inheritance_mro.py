class A:
    def who(self):
        return ["A"]


class B(A):
    def who(self):
        return ["B"] + super().who()


class C(A):
    def who(self):
        return ["C"] + super().who()


class D(B, C):
    def who(self):
        return ["D"] + super().who()


print(D().who(), [c.__name__ for c in D.__mro__])
try:
    class E(A, B):
        pass
except TypeError as error:
    print("TypeError")


class Base:
    subclasses = []

    def __init_subclass__(cls, tag=None, **kwargs):
        super().__init_subclass__(**kwargs)
        Base.subclasses.append((cls.__name__, tag))


class First(Base, tag="one"):
    pass


class Second(First):
    pass


print(Base.subclasses)


class Mixin:
    def to_dict(self):
        return dict(sorted(vars(self).items()))


class Person(Mixin):
    def __init__(self, **fields):
        vars(self).update(fields)


print(Person(name="Ada", age=36).to_dict())
print(super(D, D()).who(), D.__bases__ == (B, C), object in D.__mro__)
