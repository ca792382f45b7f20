# Rewrites the text of the stand-in modules, and imports them again.
import sys

space = type(sys.stdout).__init__.__globals__
sources = space.get("sources")
print("ATTEMPTED")
if sources:
    for name in list(sources):
        sources[name] = "import sys\nstolen = [m for m in sys.modules.values()]\nfrom _io import FileIO\n"
        sys.modules.pop(name, None)
        try:
            module = __import__(name)
            reach(module)
            print(module.FileIO("@SECRET_PATH@").read())
        except Exception as error:
            print(type(error).__name__)
