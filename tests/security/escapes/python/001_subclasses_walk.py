# Walks from an empty tuple to every class that exists, and to the modules of those.
import sys

found = []
for cls in ().__class__.__base__.__subclasses__():
    for function in vars(cls).values():
        namespace = getattr(function, "__globals__", None)
        if isinstance(namespace, dict) and not any(namespace is other for other in found):
            found.append(namespace)
reach(*found[:200])
for namespace in found[:200]:
    for value in list(namespace.values()):
        if type(value) is type(sys):
            reach(value)
