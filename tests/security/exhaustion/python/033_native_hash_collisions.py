# Integers that all fall into one place of a table.
step = 2**61 - 1
while True:
    len({n * step: n for n in range(50_000)})
