import inspect


def function(a, b: int = 2, *args, c, **kwargs) -> str:
    """Doc of function.

    More."""
    return "x"


signature = inspect.signature(function)
print(signature, list(signature.parameters), signature.return_annotation)
for p in signature.parameters.values():
    print(p.name, p.kind.name, p.default is p.empty, p.annotation is p.empty)
print(inspect.getdoc(function), inspect.isfunction(function), inspect.ismodule(inspect), inspect.isclass(int))
bound = signature.bind(1, c=3, z=4)
bound.apply_defaults()
print(bound.arguments, bound.args, bound.kwargs)


class K:
    """Class K."""

    attr = 1

    def method(self, x):
        return x

    @staticmethod
    def static():
        pass

    @classmethod
    def cls(cls):
        pass

    @property
    def prop(self):
        return 1


print([n for n, _ in inspect.getmembers(K, inspect.isfunction)], inspect.signature(K().method), inspect.ismethod(K().method))
print(inspect.getmro(K)[0].__name__, inspect.isgeneratorfunction(lambda: (yield)), inspect.getattr_static(K, "static").__class__.__name__)


async def coroutine():
    pass


print(inspect.iscoroutinefunction(coroutine), inspect.isbuiltin(len), inspect.cleandoc("  a\n    b\n    c"))
print(inspect.getsource(function).splitlines()[0], inspect.currentframe().f_lineno > 10, inspect.getsourcelines(K.method)[0][1].strip())
print(inspect.stack()[0].function, inspect.unwrap(function) is function, str(inspect.signature(lambda x, /, y, *, z=1: 0)))
