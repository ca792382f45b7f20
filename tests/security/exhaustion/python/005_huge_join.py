# A join of a text with itself.
s = "x" * 1_000_000
while True:
    s = s.join([s] * 1000)
