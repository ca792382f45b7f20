# Takes the meter's constants and names out of code objects.
import types

print("ATTEMPTED")


def loop():
    total = 0
    for i in range(10):
        total += i
    return total


code = loop.__code__
print(len(code.co_names), len(code.co_consts))
for name in code.co_names + code.co_varnames + code.co_freevars:
    if not name.isidentifier():
        print("ESCAPED" if globals().get(name) or loop.__globals__.get(name) else "hidden")
spare = types.FunctionType(code.replace(co_names=tuple("x" for _ in code.co_names)), {"x": range, "__builtins__": {}})
try:
    print(spare())
except Exception as error:
    print(type(error).__name__)
