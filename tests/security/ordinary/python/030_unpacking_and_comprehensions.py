# Unpacking, walrus, nested comprehensions, slices.
first, *middle, last = range(6)
print(first, middle, last, {**{"a": 1}, "b": 2}, [*range(3), *"ab"], [y for x in range(5) if (y := x * x) > 3])
matrix = [[1, 2, 3], [4, 5, 6]]
print([[row[i] for row in matrix] for i in range(3)], {k: v for v, k in enumerate("abc")}, {n % 3 for n in range(10)}, "abcdef"[::-2])
