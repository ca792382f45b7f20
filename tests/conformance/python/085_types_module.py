import types

ns = types.SimpleNamespace(a=1, b="x")
ns.c = [1]
print(ns, ns == types.SimpleNamespace(a=1, b="x", c=[1]))
proxy = types.MappingProxyType({"k": 1})
print(proxy["k"], dict(proxy))
try:
    proxy["z"] = 1
except TypeError as error:
    print(error)


def gen():
    yield


print(isinstance(gen(), types.GeneratorType), isinstance(len, types.BuiltinFunctionType), isinstance(gen, types.FunctionType))
module = types.ModuleType("made", "Doc.")
module.x = 5
print(module.__name__, module.__doc__, module.x, type(module).__name__)
C = types.new_class("C", (), {}, lambda namespace: namespace.update(y=2))
print(C.y, C.__name__, types.resolve_bases((int,)))


class K:
    def m(self):
        return self


k = K()
bound = types.MethodType(lambda self, n: (self is k, n), k)
print(bound(3), k.m.__self__ is k, K.m.__qualname__, type(None).__name__, types.NoneType is type(None))
f = types.FunctionType(compile("def g(): return 7", "", "exec").co_consts[0], {})
print(f(), f.__code__.co_name, gen.__code__.co_flags & 0x20 > 0)
g = types.GenericAlias(list, (int,))
print(g, g.__origin__, g.__args__, list[int] == g)


class Dyn:
    @types.DynamicClassAttribute
    def v(self):
        return 1


print(Dyn().v)
