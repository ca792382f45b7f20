def f(a, b=2, *args, c, d=4, **kwargs):
    return a, b, args, c, d, kwargs


print(f(1, c=3))
print(f(1, 20, 30, 40, c=3, e=5))
print(f(*[1, 2, 3], **{"c": 4, "z": 5}))


def positional(a, b, /, c, *, d):
    return a + b + c + d


print(positional(1, 2, c=3, d=4))
for call in (lambda: positional(1, b=2, c=3, d=4), lambda: f(1), lambda: f(), lambda: f(1, c=1, a=2)):
    try:
        call()
    except TypeError as error:
        print("TypeError:", error)


def mutable(x, acc=[]):
    acc.append(x)
    return acc


print(mutable(1), mutable(2))
print((lambda *a, **k: (a, k))(1, x=2))


def documented():
    """The docstring."""


print(documented.__doc__, documented.__name__, documented())
print(f.__defaults__, f.__kwdefaults__)


def annotated(a: int, b: "str" = "x") -> bool:
    return True


print(annotated(1), sorted(annotated.__annotations__))
