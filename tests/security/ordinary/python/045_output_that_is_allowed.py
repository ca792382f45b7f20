# Three thousand lines of output.
for n in range(3_000):
    print(n, "line of some length")
