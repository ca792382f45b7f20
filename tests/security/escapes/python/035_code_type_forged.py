# A code object with constants and names that its compiler never made.
# expect: died
import types


def template():
    return 1


print("ATTEMPTED")
code = template.__code__
for change in (
    {"co_consts": ()},
    {"co_names": ("open",)},
    {"co_stacksize": 0},
    {"co_code": bytes([0xFF]) * 16},
    {"co_code": bytes(range(64))},
    {"co_varnames": (), "co_nlocals": 0},
    {"co_freevars": ("x", "y")},
):
    try:
        forged = code.replace(**change)
        print(types.FunctionType(forged, globals())())
    except BaseException as error:
        print(type(error).__name__)
