def multiply(a, b):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


def determinant(m):
    if len(m) == 1:
        return m[0][0]
    return sum((-1) ** j * m[0][j] * determinant([row[:j] + row[j + 1 :] for row in m[1:]]) for j in range(len(m)))


a = [[1, 2], [3, 4]]
print(multiply(a, a), determinant(a), determinant([[2, 0, 1], [1, 3, 2], [1, 1, 4]]))
print([list(r) for r in zip(*a[::-1])])


def sieve(n):
    flags = bytearray([1]) * (n + 1)
    flags[0:2] = b"\0\0"
    for i in range(2, int(n**0.5) + 1):
        if flags[i]:
            flags[i * i :: i] = bytes(len(flags[i * i :: i]))
    return [i for i, f in enumerate(flags) if f]


print(len(sieve(10000)), sieve(10000)[-3:])


def newton(f, df, x):
    for _ in range(50):
        x -= f(x) / df(x)
    return x


print(newton(lambda x: x * x - 2, lambda x: 2 * x, 1.0))


def simpson(f, a, b, n=1000):
    h = (b - a) / n
    return h / 3 * sum((1 if i in (0, n) else 4 if i % 2 else 2) * f(a + i * h) for i in range(n + 1))


print(round(simpson(lambda x: x**2, 0, 3), 9))


def life(cells):
    from collections import Counter

    counts = Counter((x + dx, y + dy) for x, y in cells for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy)
    return {c for c, n in counts.items() if n == 3 or n == 2 and c in cells}


glider = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}
for _ in range(4):
    glider = life(glider)
print(sorted(glider))
pascal = [[1]]
for _ in range(5):
    pascal.append([1] + [x + y for x, y in zip(pascal[-1], pascal[-1][1:])] + [1])
print(pascal)
print(f"{sum(1 / k**2 for k in range(1, 1000)):.10f}", max(range(1, 1000), key=lambda n: bin(n).count("1")))
