from functools import partial, reduce
from itertools import accumulate, chain, count, islice, takewhile

pipe = lambda *fs: lambda x: reduce(lambda v, f: f(v), fs, x)
print(pipe(lambda x: x + 1, lambda x: x * 2, str, lambda s: s + "!")(4))
print((lambda f: (lambda x: x(x))(lambda y: f(lambda a: y(y)(a))))(lambda self: lambda n: 1 if n < 2 else n * self(n - 1))(6))
curry = lambda f: lambda a: lambda b: f(a, b)
print(curry(pow)(2)(8), list(map(curry(max)(3), [1, 5])))
print(sorted(["bb", "a", "ccc"], key=lambda s: -len(s)), max([3, -7], key=abs), list(filter(lambda p: p[0] != p[1], zip("abc", "abd"))))
print(list(takewhile(lambda n: n < 30, (n * n for n in count(1)))), list(islice(accumulate(count(1), lambda a, b: a * b), 6)))
compose2 = lambda f, g: lambda *a: f(g(*a))
print(compose2(sum, range)(5), reduce(compose2, [str, abs, int])("-3"))
print({k: [w for w in ["apple", "ant", "bee"] if w[0] == k] for k in "ab"})
group = lambda items, key: reduce(lambda acc, item: {**acc, key(item): acc.get(key(item), []) + [item]}, items, {})
print(group(range(6), lambda n: n % 3))
print([*map(lambda x, y=10: x + y, [1, 2])], (lambda **k: k)(a=1), (lambda *, z: z)(z=3), [f() for f in map(lambda i: partial(lambda j: j * 2, i), range(3))])
print(list(chain.from_iterable(zip("ace", "bdf"))), dict(map(lambda kv: (kv[1], kv[0]), {"a": 1}.items())))
print(all(map(str.isdigit, ["1", "22"])), any(map(lambda c: c in "aeiou", "xyz")), sum(1 for _ in filter(None, [0, 1, 2])))
