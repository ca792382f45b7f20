# Signatures and sources by inspect.
import inspect


def function(a, b=2, *args, c, **options) -> int:
    return a


signature = inspect.signature(function)
print(signature, list(signature.parameters), signature.parameters["b"].default, inspect.isfunction(function))
bound = signature.bind(1, c=3)
bound.apply_defaults()
print(bound.arguments["b"], inspect.isgeneratorfunction(lambda: (yield)))
