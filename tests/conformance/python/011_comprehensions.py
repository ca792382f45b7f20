print([x * x for x in range(6)])
print([x for x in range(20) if x % 2 if x % 3])
print([(x, y) for x in range(3) for y in "ab"])
print({x: x**2 for x in range(4)}, sorted({x // 2 for x in range(6)}))
print(sum(x for x in range(101)), any(x > 3 for x in range(3)), all(x < 3 for x in range(3)))
matrix = [[1, 2, 3], [4, 5, 6]]
print([[row[i] for row in matrix] for i in range(3)])
print([cell for row in matrix for cell in row])
x = "outer"
print([x for x in range(3)], x)
print([y := 5, y**2], y)
print([f(2) for f in [lambda v, n=n: v**n for n in range(4)]])
print(["fizz" * (not i % 3) + "buzz" * (not i % 5) or i for i in range(1, 16)])
print(list(zip(*matrix)), dict(zip("ab", [1, 2])))
