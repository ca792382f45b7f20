# A class whose bases, mro and subclass hooks run code while the interpreter looks at them.
class Meta(type):
    def mro(cls):
        try:
            reach(globals())
        except Exception:
            pass
        return [cls, object]

    def __prepare__(name, bases):
        return {"open": None, "__import__": __import__}

    def __subclasses__(cls):
        return [__import__("os")]


class A(metaclass=Meta):
    got = __import__("posix")


try:
    A.__bases__ = (Exception,)
except TypeError as error:
    print("TypeError")
reach(A.got, *A.__subclasses__())
