# Reads and writes dunder attributes by augmented assignment, unpacking, for and with targets.
# advisory: CVE-2025-9959 (smolagents), CVE-2026-4963 (smolagents)
def harmless():
    return 1


def other():
    return __import__("os")


class Box:
    pass


harmless.__code__ = other.__code__
box = Box()
(box.__class__,) = (type("Other", (Box,), {"__getattr__": lambda self, name: __import__(name)}),)
for harmless.__defaults__ in [((),)]:
    pass
print("ATTEMPTED")
try:
    reach(harmless(), box.posix, box.os)
except Exception as error:
    print(type(error).__name__)
