# Every way of formatting, with attributes and items.
class User:
    name = "Ada"


user, n = User(), 1234567.891
print("{0.name} {1[key]:>5} {2:,.2f}".format(user, {"key": "v"}, n), f"{n:e} {n!r:>20} {user.name:*^9}", "%05d|%-6s|%x" % (42, "ab", 255))
print("{a}-{b}".format_map({"a": 1, "b": 2}), f"{255:#x} {255:08b} {0.1 + 0.2:.3f} {'x':>{4}}")
