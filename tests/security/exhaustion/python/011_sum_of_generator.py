# A native loop over a generator of Python code.
sum(1 for _ in iter(int, 1))
