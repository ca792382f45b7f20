# A native call that calls back into an endless function.
sorted([1, 2], key=lambda n: [None for _ in iter(int, 1)])
