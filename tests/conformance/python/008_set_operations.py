a, b = {1, 2, 3, 4}, {3, 4, 5}
print(sorted(a | b), sorted(a & b), sorted(a - b), sorted(a ^ b))
print(a <= b, {3} < a, a.isdisjoint({9}), a.issuperset({1}))
a.add(10)
a.discard(99)
a.remove(1)
print(sorted(a), len(a), 10 in a)
try:
    a.remove(99)
except KeyError as error:
    print("KeyError", error)
print(frozenset([1, 2]) == {1, 2}, hash(frozenset([1])) == hash(frozenset([1])))
print(sorted({x % 3 for x in range(10)}), set() == set([]), {1, True, 1.0})
a.update([1, 2], (3,))
print(sorted(a))
print(sorted(set("mississippi")))
