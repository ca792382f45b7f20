# sys.exit with codes that no system has.
import atexit
import sys

print("ATTEMPTED")


class Code(int):
    def __index__(self):
        raise ValueError

    def __str__(self):
        print("ran")
        reach(sys._getframe(1).f_globals)
        return "x"


atexit.register(lambda: reach(sys._getframe().f_globals))
atexit.register(atexit.register, lambda: sys.exit(3))
sys.exit(Code(1 << 80))
