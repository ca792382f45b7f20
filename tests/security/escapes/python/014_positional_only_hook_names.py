# Shadows the names of a guard's hooks with positional-only parameters.
# advisory: CVE-2026-55830 (RestrictedPython)
def shadow(_getattr_, _getitem_, _write_, _print_, __import__, /):
    return _getattr_, __import__


get, load = shadow(getattr, lambda o, k: o[k], lambda o: o, print, __import__)
reach(get(load("builtins"), "__dict__"))
