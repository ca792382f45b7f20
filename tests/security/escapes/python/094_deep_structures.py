# Comparing, hashing, printing and pickling structures that hold themselves a million deep.
# expect: died
print("ATTEMPTED")
deep = []
for _ in range(1_000_000):
    deep = [deep]
for act in (lambda: repr(deep), lambda: deep == [deep], lambda: hash(tuple(deep)), lambda: __import__("json").dumps(deep), lambda: __import__("copy").deepcopy(deep), lambda: __import__("marshal").dumps(deep)):
    try:
        act()
    except BaseException as error:
        print(type(error).__name__)
