def countdown(n):
    while n > 0:
        received = yield n
        if received:
            n = received
        else:
            n -= 1
    return "done"


print(list(countdown(3)))
g = countdown(5)
print(next(g), g.send(3), next(g), next(g))
try:
    while True:
        next(g)
except StopIteration as stop:
    print("stop", stop.value)


def delegating():
    result = yield from countdown(2)
    print("inner returned", result)
    yield from "ab"


print(list(delegating()))


def closing():
    try:
        yield 1
        yield 2
    except ValueError as error:
        print("caught", error)
        yield "recovered"
    finally:
        print("cleanup")


g = closing()
print(next(g))
print(g.throw(ValueError("boom")))
g.close()
g = closing()
next(g)
g.close()


def pipeline(source):
    evens = (x for x in source if x % 2 == 0)
    squares = (x * x for x in evens)
    return sum(squares)


print(pipeline(range(10)))


def tree(node):
    if node:
        left, value, right = node
        yield from tree(left)
        yield value
        yield from tree(right)


print(list(tree(((None, 1, None), 2, ((None, 3, None), 4, None)))))
try:
    def bad():
        raise StopIteration("inside")
        yield
    next(bad())
except RuntimeError as error:
    print(error)
