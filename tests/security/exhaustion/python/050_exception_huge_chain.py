# A chain of exceptions, each the cause of the next.
# expect: error limit died
error = None
for n in range(100_000):
    new = ValueError(n)
    new.__cause__ = error
    error = new
raise error
