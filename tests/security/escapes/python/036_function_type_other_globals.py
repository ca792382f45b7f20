# Builds functions over the namespaces of the sandbox's own code.
import sys
import types

found = []
for module in list(sys.modules.values()):
    found.append(vars(module))
    for value in list(vars(module).values()):
        if isinstance(value, types.FunctionType) and value.__globals__ not in found:
            found.append(value.__globals__)
for namespace in found:
    if "native" in namespace or "_native" in namespace:
        reach(namespace.get("native") or namespace.get("_native"))
steal = types.FunctionType(compile("open('@SECRET_PATH@').read()", "x", "eval"), found[0])
print("ATTEMPTED")
print(steal())
