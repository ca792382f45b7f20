import gc
import weakref


class Thing:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Thing({self.name})"


t = Thing("a")
r = weakref.ref(t, lambda ref: print("gone"))
print(r(), r() is t, weakref.getweakrefcount(t))
del t
gc.collect()
print(r())
d = weakref.WeakValueDictionary()
x = Thing("x")
d["k"] = x
print(dict(d), len(d))
del x
gc.collect()
print(len(d), "k" in d)
keys = weakref.WeakKeyDictionary()
k = Thing("key")
keys[k] = 1
print(len(keys), keys[k])
s = weakref.WeakSet([k])
print(k in s, len(s))
proxy = weakref.proxy(k)
print(proxy.name)
f = weakref.finalize(k, print, "finalized", "key")
print(f.alive)
del k
gc.collect()
print(f.alive, len(keys), len(s))
try:
    proxy.name
except ReferenceError as error:
    print("ReferenceError")


class Cycle:
    def __del__(self):
        print("cycle collected")


c = Cycle()
c.me = c
del c
print(gc.collect() > 0)
try:
    weakref.ref(5)
except TypeError as error:
    print(error)
