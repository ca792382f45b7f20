# Small objects without end.
d = {}
n = 0
while True:
    d[n] = (n, str(n))
    n += 1
