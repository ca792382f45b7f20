x = "global"


def a():
    x = "a"

    def b():
        nonlocal x
        x = "b"
        return x

    before = x
    b()
    return before, x


print(a(), x)


class Scope:
    x = "class"
    y = [x for _ in range(1)]

    def method(self):
        return x


print(Scope.y, Scope().method(), Scope.x)


def shadow(print=print):
    len = 5
    print(len)


shadow()
try:
    exec("nonlocal q")
except SyntaxError as error:
    print("SyntaxError")
del x
try:
    x
except NameError as error:
    print(error)


def loop_variable():
    for i in range(3):
        pass
    return i


print(loop_variable())
try:
    error
except NameError:
    print("error is unbound after its except block")


def generator_scope():
    values = (v * factor for v in range(3))
    factor = 10
    return list(values)


factor = 2
print(generator_scope(), [locals() is not None for _ in range(1)])


def defaults(a, b=[], *, c={}):
    b.append(a)
    c[a] = True
    return len(b), len(c)


print(defaults(1), defaults(2))
print((lambda: [n for n in range(3)])(), {**locals()} != {})
