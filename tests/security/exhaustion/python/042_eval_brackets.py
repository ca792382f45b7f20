# Brackets in brackets, by eval, by ast, and by json.
import ast
import json

for call in (lambda: eval("(" * 100_000), lambda: ast.parse("[" * 100_000 + "]" * 100_000), lambda: json.loads("[" * 10_000_000), lambda: eval("[" * 90 + "]" * 90)):
    try:
        call()
    except (SyntaxError, RecursionError, ValueError, MemoryError):
        pass
eval("x" + ".x" * 1_000_000)
