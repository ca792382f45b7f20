from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple

c = Counter("mississippi")
print(c, c.most_common(2), c["z"], sum(c.values()))
c.update("sss")
print(c - Counter("ss"), Counter(a=3, b=1) & Counter(a=1, b=5), sorted(Counter(a=2).elements()))
dd = defaultdict(list)
for word in ["apple", "avocado", "banana"]:
    dd[word[0]].append(word)
print(dict(dd), dd.default_factory.__name__)
d = deque([1, 2, 3], maxlen=4)
d.append(4)
d.appendleft(0)
print(d, d.pop(), d.popleft(), d)
d.rotate(1)
d.extendleft([9])
print(list(d), d.maxlen, 2 in d)
Point = namedtuple("Point", "x y z", defaults=[0])
p = Point(1, 2)
print(p, p.x, p._asdict(), p._replace(x=5), Point._fields, p == (1, 2, 0), Point._make([7, 8, 9]))
od = OrderedDict(a=1, b=2)
od.move_to_end("a")
print(list(od.items()), od.popitem(last=False), list(od))
cm = ChainMap({"a": 1}, {"a": 2, "b": 3})
print(cm["a"], cm["b"], sorted(cm), cm.maps)
cm["c"] = 5
print(cm.maps[0])


class Upper(UserDict):
    def __setitem__(self, key, value):
        super().__setitem__(key.upper(), value)


u = Upper(a=1)
u["b"] = 2
print(u, "A" in u)
