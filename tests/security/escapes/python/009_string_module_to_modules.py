# The string module leads to re, sys and everything that they have imported.
# advisory: CVE-2024-47532 (RestrictedPython)
import string

seen = []


def walk(module, depth):
    if depth == 0 or module in seen:
        return
    seen.append(module)
    reach(module)
    for value in list(vars(module).values()):
        if type(value) is type(string):
            walk(value, depth - 1)


walk(string, 4)
