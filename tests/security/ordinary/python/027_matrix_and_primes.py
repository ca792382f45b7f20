# Loops with numbers: a sieve and a product of matrices.
def sieve(n):
    flags = bytearray([1]) * (n + 1)
    flags[0:2] = b"\0\0"
    for i in range(2, int(n**0.5) + 1):
        if flags[i]:
            flags[i * i :: i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i, flag in enumerate(flags) if flag]


a = [[1, 2], [3, 4]]
power = a
for _ in range(9):
    power = [[sum(x * y for x, y in zip(row, column)) for column in zip(*a)] for row in power]
print(sieve(100)[-5:], len(sieve(100_000)), power)
