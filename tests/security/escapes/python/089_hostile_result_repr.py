# A result whose repr prints, raises, exits, and gives what is no text.
print("ATTEMPTED")


class Result:
    def __repr__(self):
        import sys

        sys.stdout.write("\0" * 1000)
        reach(sys._getframe(1).f_globals if sys._getframe().f_back else {})
        raise SystemExit(type("T", (int,), {"__str__": lambda s: 1 / 0, "__index__": lambda s: 1 / 0})(5))


Result()
