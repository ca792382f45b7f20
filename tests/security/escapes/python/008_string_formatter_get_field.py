# string.Formatter.get_field gives live objects for a path in a text.
# advisory: CVE-2024-47532 (RestrictedPython)
import string

formatter = string.Formatter()


def function():
    pass


for path in "0.__globals__[__builtins__]", "0.__builtins__", "0.__globals__", "0.__globals__[string]":
    try:
        found, _ = formatter.get_field(path, (function,), {})
        reach(found)
    except Exception as error:
        print(type(error).__name__)
print("ATTEMPTED")
