# Generators with send, throw, return values and yield from.
def inner():
    got = yield 1
    try:
        yield got
    except ValueError as error:
        yield f"caught {error}"
    return "done"


def outer():
    result = yield from inner()
    yield result


g = outer()
print(next(g), g.send("sent"), g.throw(ValueError("x")), next(g), list(g))
