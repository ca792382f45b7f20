import io


def read_lines(stream):
    for line in stream:
        yield line.rstrip("\n")


def grep(pattern, lines):
    return (line for line in lines if pattern in line)


def fields(lines, *indexes):
    for line in lines:
        parts = line.split()
        yield tuple(parts[i] for i in indexes)


def batched(items, size):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


log = io.StringIO("GET /a 200\nGET /b 404\nPOST /a 200\nGET /c 500\nGET /a 200\n")
rows = list(fields(grep("GET", read_lines(log)), 1, 2))
print(rows, list(batched(rows, 3)))


def fib():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


def take(n, items):
    for _, item in zip(range(n), items):
        yield item


def interleave(*sources):
    iterators = [iter(s) for s in sources]
    while iterators:
        for it in list(iterators):
            try:
                yield next(it)
            except StopIteration:
                iterators.remove(it)


print(list(take(10, fib())), list(interleave("abc", [1, 2], (None,))))


def running_max():
    best = None
    while True:
        value = yield best
        best = value if best is None else max(best, value)


g = running_max()
next(g)
print([g.send(v) for v in [3, 1, 4, 1, 5]], g.gi_frame is not None, g.gi_running)
g.close()
print(g.gi_frame, list(x for x in (y for y in range(3)) if x), sum(x * y for x in range(3) for y in range(x)))


def scoped():
    try:
        yield "in"
        return "returned"
    finally:
        print("scoped done")


def outer():
    result = yield from scoped()
    yield result


print(list(outer()))
