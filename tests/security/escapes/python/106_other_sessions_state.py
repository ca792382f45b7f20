# Changes built-ins, modules and classes in one session, and looks for it in another.
# %% one
import builtins, json, os, sys, collections
builtins.print_ = print
builtins.leaked = "@MARKER@"
json.dumps = lambda *a, **k: "leaked"
sys.leaked = "@MARKER@"
os.environ["LEAKED"] = "@MARKER@"
collections.leaked = 1
print("ATTEMPTED")
# %% two
import builtins, json, os, sys, collections
assert json.dumps([1]) == "[1]" or print("ESCAPED: json")
for where in (hasattr(builtins, "leaked"), hasattr(sys, "leaked"), "LEAKED" in os.environ, hasattr(collections, "leaked")):
    if where:
        print("ESCAPED")
# %% one
print("still here" if leaked == "@MARKER@" else "ESCAPED: lost")
