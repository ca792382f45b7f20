a = [5, 3, 8, 1]
a.append(9)
a.extend([2, 7])
a.insert(0, 100)
print(a, len(a), sum(a), min(a), max(a))
print(a.pop(), a.pop(0), a)
a.remove(8)
a.reverse()
print(a, a.index(3), a.count(3))
a.sort()
print(a, sorted(a, reverse=True), a[::-1], a[1:3], a[-2:])
b = a.copy()
b[1:3] = ["x", "y", "z"]
print(b, a)
del b[::2]
print(b)
print([0] * 3, [1, 2] + [3], [[0] * 2 for _ in range(2)])
print([1, 2] < [1, 3], [1] == [1.0], 3 in [1, 2, 3], [] or "empty")
first, *middle, last = range(6)
print(first, middle, last)
try:
    [].pop()
except IndexError as error:
    print(error)
try:
    [1, 2].index(5)
except ValueError as error:
    print("ValueError")
c = list("abc")
c *= 2
print(c, c.clear(), c)
