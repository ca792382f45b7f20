def counter(start=0):
    count = start

    def increment(by=1):
        nonlocal count
        count += by
        return count

    return increment


a, b = counter(), counter(10)
print(a(), a(), b(5), a(), b())
print([f() for f in [lambda i=i: i * 10 for i in range(3)]])
print([f() for f in [lambda: i for i in range(3)]])


def make_adder(n):
    return lambda x: x + n


print(make_adder(5)(10), make_adder(5).__closure__[0].cell_contents)
total = 0


def add_global(n):
    global total
    total += n


add_global(3)
add_global(4)
print(total)


def outer():
    x = "local"

    class Inner:
        y = x

        def get(self):
            return x

    return Inner


print(outer().y, outer()().get())


def compose(*functions):
    def composed(value):
        for function in reversed(functions):
            value = function(value)
        return value

    return composed


print(compose(str, lambda v: v + 1, abs)(-5))
try:
    def broken():
        print(late)
        late = 1
    broken()
except UnboundLocalError as error:
    print(type(error).__name__)
