# Finds the importer of built-in modules among the subclasses of object and loads posix with it.
for cls in object.__subclasses__():
    if cls.__name__ == "BuiltinImporter":
        for name in "posix", "_socket", "_posixsubprocess", "nt", "_io", "_signal":
            try:
                reach(cls.load_module(name))
            except Exception as error:
                print(type(error).__name__)
print("ATTEMPTED")
