import copy
import operator

print(operator.add(1, 2), operator.itemgetter(1)([5, 6]), operator.itemgetter("a", "b")({"a": 1, "b": 2}))
print(operator.attrgetter("real")(5), operator.methodcaller("upper")("abc"), operator.mul("ab", 2))
print(sorted([("b", 1), ("a", 2)], key=operator.itemgetter(0)), operator.contains([1], 1), operator.index(5))
print(operator.truth([]), operator.not_(1), operator.floordiv(7, 2), operator.concat([1], [2]), operator.length_hint(iter([1, 2])))
original = {"list": [1, [2, 3]], "set": {1}}
shallow, deep = copy.copy(original), copy.deepcopy(original)
original["list"][1].append(4)
print(shallow["list"], deep["list"], shallow["list"] is original["list"])


class Node:
    def __init__(self, value):
        self.value, self.next = value, None

    def __deepcopy__(self, memo):
        print("deepcopy called")
        new = Node(self.value)
        memo[id(self)] = new
        new.next = copy.deepcopy(self.next, memo)
        return new


n = Node(1)
n.next = n
c = copy.deepcopy(n)
print(c is not n, c.next is c)
cyclic = [1]
cyclic.append(cyclic)
d = copy.deepcopy(cyclic)
print(d[1] is d, cyclic)
