print("%s %r %a" % ("x", "y", "é"), "%5s|%-5s|" % ("a", "b"), "%d %i %05d %+d % d" % (1, 2, 3, 4, 5))
print("%.2f %8.3f %-8.1f| %e %G" % (3.14159, 2.5, 1.25, 1234.5, 1e-10), "%x %X %o %#x %#o" % (255, 255, 8, 255, 8))
print("%(name)s is %(age)d" % {"name": "Ada", "age": 36}, "%c%c" % (65, "B"), "100%%", "%s" % (1,), "%s" % [1, 2])
print("%*d|%-*d|" % (5, 42, 5, 42), "%.3s" % "abcdef", "%5.1f%%" % 99.5)
for bad in (lambda: "%d" % "x", lambda: "%s %s" % (1,), lambda: "%s" % (1, 2), lambda: "%(a)s" % {}):
    try:
        bad()
    except (TypeError, KeyError) as error:
        print(type(error).__name__, error)
print("{} {}".format(1, 2), "{1}{0}".format("a", "b"), "{x.real}".format(x=5), "{0:>{w}}".format("r", w=4), "{!r}".format("q"), "{{}}".format())
print("{:,} {:_} {:.2%} {:08.3f} {:+}".format(1234567, 1234567, 0.1234, 3.14159, 5), "{:^11}|{:*<6}".format("mid", "l"))
for bad in ("{", "{}", "{0} {}", "{a}"):
    try:
        bad.format()
    except (ValueError, IndexError, KeyError) as error:
        print(type(error).__name__, error)
