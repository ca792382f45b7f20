class Resource:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow

    def __enter__(self):
        print("open", self.name)
        return self

    def __exit__(self, kind, value, traceback):
        print("close", self.name, kind.__name__ if kind else None)
        return self.swallow


with Resource("a") as a, Resource("b") as b:
    print("using", a.name, b.name)
with Resource("c", swallow=True):
    raise ValueError("swallowed")
try:
    with Resource("d"):
        raise KeyError("x")
except KeyError as error:
    print("escaped", error)
with (
    Resource("e"),
    Resource("f"),
):
    print("parenthesised")


def early():
    with Resource("g"):
        return "returned"


print(early())
for i in range(2):
    with Resource(i):
        continue
