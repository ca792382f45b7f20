point = (3, 4)
x, y = point
print(x, y, point + (5,), point * 2, point[0], len(point), (1,), ())
a, b, *rest = "hello"
print(a, b, rest)
(a, (b, c)), d = (1, (2, 3)), 4
print(a, b, c, d)
a, b = b, a
print(a, b)
print((1, 2) < (1, 3), (1, "a") == (1, "a"), max([(1, "b"), (2, "a")]))
*start, end = [1]
print(start, end)
for i, (k, v) in enumerate({"x": 1, "y": 2}.items(), start=1):
    print(i, k, v)
try:
    a, b = 1, 2, 3
except ValueError as error:
    print(str(error)[:23])
try:
    a, b, c = 1, 2
except ValueError as error:
    print(error)
print([*range(3), *"ab"], {**{"a": 1}}, (*[1], 2))
