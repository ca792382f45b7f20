# A codec of one's own, and the names of codecs as names of modules.
import codecs


def search(name):
    return codecs.CodecInfo(lambda t, e="": (b"", 0), lambda d, e="": (__import__("os").listdir("/"), 1), name="x")


codecs.register(search)
print("ATTEMPTED")
for name in "escapee", "../../../secret/token", "posix", "os.path", "__init__", "\0", "x" * 10000:
    try:
        got = b"x".decode(name)
        print("ESCAPED" if "etc" in got else type(got).__name__)
    except Exception as error:
        print(type(error).__name__)
