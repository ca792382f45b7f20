import sys

print(sys.argv, sys.maxsize == 2**63 - 1, sys.byteorder, sys.platform, len(sys.version_info) == 5)
print(sys.version_info >= (3, 11), sys.version_info.major, sys.getrecursionlimit(), sys.maxunicode, sys.float_info.max, sys.int_info.bits_per_digit > 0)
sys.stdout.write("written\n")
print("to stderr", file=sys.stderr)
print(sys.stdout.encoding, sys.stdout.isatty(), sys.getsizeof([]) > 0, sys.intern("x") is sys.intern("x"))
sys.stdout.flush()
sys.stdout.buffer.write("bytes é\n".encode())
sys.stdout.flush()
print("json" in sys.modules, __name__, sys.modules["__main__"].__name__, "sys" in sys.builtin_module_names)
try:
    raise ValueError("x")
except ValueError:
    print(sys.exc_info()[0].__name__, str(sys.exception()) if hasattr(sys, "exception") else "x")
print(sys.getdefaultencoding(), sys.getfilesystemencoding(), sys.hexversion > 0x30B0000, sys.flags.isolated)
print(sys._getframe().f_code.co_name, sys.getrefcount(object()) > 0, bool(sys.implementation.name))
sys.setrecursionlimit(200)


def deep(n):
    return deep(n + 1)


try:
    deep(0)
except RecursionError as error:
    print("RecursionError", "maximum recursion depth exceeded" in str(error))
sys.exit(0)
