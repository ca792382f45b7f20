# Consoles and debuggers of the library, which run what they are told in other namespaces.
print("ATTEMPTED")
import bdb
import code
import codeop

reach(vars(code), vars(codeop), vars(bdb))
console = code.InteractiveInterpreter({})
console.runsource("print(open('@SECRET_PATH@').read())")
console.runsource("import os; os.system('touch @TARGET_DIR@/console')")
import doctest

doctest.run_docstring_examples(
    type("T", (), {"__doc__": ">>> open('@SECRET_PATH@').read()\n'nothing'\n"}), {}
)
try:
    breakpoint()
except BaseException as error:
    print(type(error).__name__)
