# Puts the finders of files back into sys.path_hooks and imports from folders.
import importlib.machinery
import sys
import zipimport

print("ATTEMPTED")
sys.path_hooks.append(zipimport.zipimporter)
sys.path_hooks.append(importlib.machinery.FileFinder.path_hook((importlib.machinery.SourceFileLoader, [".py"])))
sys.meta_path.append(importlib.machinery.PathFinder)
sys.path[:] = ["/usr/lib/python3", "/usr/lib/python3.11", "@TARGET_DIR@", "/tmp", "/"]
sys.path_importer_cache.clear()
for name in "this_is_not_frozen", "sitecustomize", "secret", "project":
    try:
        print("ESCAPED", __import__(name))
    except Exception as error:
        print(type(error).__name__)
