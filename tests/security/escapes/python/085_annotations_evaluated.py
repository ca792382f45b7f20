# Code that runs where nobody expects any: annotations, defaults, decorators, f-strings, match.
def function(x: reach(globals()) = reach(vars()), *, y: "reach()" = 1) -> reach():
    pass


import typing

print("ATTEMPTED")
try:
    typing.get_type_hints(type("T", (), {"__annotations__": {"x": "__import__('os').listdir('/')"}}))
    typing.ForwardRef("open('@SECRET_PATH@').read()")._evaluate({}, {}, frozenset())
except Exception as error:
    print(type(error).__name__)
import dataclasses
import collections

for name in "x=open('@SECRET_PATH@').read()", "x): pass\nimport os #", "a b":
    for make in (lambda: dataclasses.make_dataclass("T", [name]), lambda: collections.namedtuple("T", [name])):
        try:
            print("ESCAPED", make())
        except Exception as error:
            print(type(error).__name__)
