def hanoi(n, a="A", b="B", c="C"):
    return [] if n == 0 else hanoi(n - 1, a, c, b) + [(a, c)] + hanoi(n - 1, b, a, c)


print(len(hanoi(7)), hanoi(2))


def permutations(items):
    if not items:
        yield []
    for i, item in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1 :]):
            yield [item] + rest


print(list(permutations([1, 2, 3])))


def queens(n, row=0, columns=()):
    if row == n:
        return 1
    return sum(queens(n, row + 1, columns + (c,)) for c in range(n) if all(c != k and abs(c - k) != row - r for r, k in enumerate(columns)))


print([queens(n) for n in range(1, 7)])


def ackermann(m, n):
    return n + 1 if m == 0 else ackermann(m - 1, 1) if n == 0 else ackermann(m - 1, ackermann(m, n - 1))


print(ackermann(2, 3))


def flatten(x):
    return [y for item in x for y in flatten(item)] if isinstance(x, list) else [x]


print(flatten([1, [2, [3, [4, []]]]]))


def edit_distance(a, b, memo={}):
    if not a or not b:
        return len(a) + len(b)
    if (a, b) not in memo:
        memo[a, b] = min(edit_distance(a[1:], b) + 1, edit_distance(a, b[1:]) + 1, edit_distance(a[1:], b[1:]) + (a[0] != b[0]))
    return memo[a, b]


print(edit_distance("kitten", "sitting"))


def sierpinski(n):
    return ["*"] if n == 0 else [" " * 2 ** (n - 1) + l + " " * 2 ** (n - 1) for l in sierpinski(n - 1)] + [l + " " + l for l in sierpinski(n - 1)]


print("\n".join(line.rstrip() for line in sierpinski(3)))
