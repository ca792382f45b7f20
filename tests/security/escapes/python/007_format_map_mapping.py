# The same through format_map with a mapping that hands out live objects.
# advisory: CVE-2023-41039 (RestrictedPython)
class Everything(dict):
    def __missing__(self, name):
        return __import__(name)


print("ATTEMPTED")
for name in "os", "posix", "sys", "io":
    for attribute in "environ", "open", "path", "modules", "executable", "prefix":
        try:
            text = ("{%s.%s}" % (name, attribute)).format_map(Everything())
        except Exception:
            continue
        if "@VARIABLE@" in text or "companion/" in text.replace("<companion", ""):
            print("ESCAPED", text[:200])
