# Lets the loaders of importlib read a file as if it were a module.
import importlib.machinery
import importlib.util

print("ATTEMPTED")
for Loader in importlib.machinery.SourceFileLoader, importlib.machinery.SourcelessFileLoader:
    loader = Loader("secret", "@SECRET_PATH@")
    for read in (lambda: loader.get_data("@SECRET_PATH@"), lambda: loader.get_source("secret"), lambda: loader.load_module("secret"), lambda: loader.path_stats("@SECRET_PATH@")):
        try:
            print(read())
        except Exception as error:
            print(type(error).__name__)
spec = importlib.util.spec_from_file_location("secret", "@SECRET_PATH@")
try:
    print(importlib.util.module_from_spec(spec).__loader__.get_data("@SECRET_PATH@"))
except Exception as error:
    print(type(error).__name__)
