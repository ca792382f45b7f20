# Classes, functions and code without end.
while True:
    kept = [type(f"C{n}", (), {}) for n in range(1000)]
    exec("\n".join(f"def f{n}(): return {n}" for n in range(1000)))
