import ast

tree = ast.parse("x = 1 + 2\ndef f(a, b=3):\n    return a * b")
print(ast.dump(tree.body[0]), [type(n).__name__ for n in tree.body])
print([n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)], ast.unparse(tree))
print(ast.literal_eval("{'a': [1, 2.5, (None, True)], 'b': b'x'}"))
try:
    ast.literal_eval("__import__('os')")
except ValueError as error:
    print("ValueError")


class Doubler(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node) if isinstance(node.value, int) else node


new = ast.fix_missing_locations(Doubler().visit(ast.parse("result = 10 + 5")))
scope = {}
exec(compile(new, "<ast>", "exec"), scope)
print(scope["result"])


class Counter(ast.NodeVisitor):
    def __init__(self):
        self.names = []

    def visit_Name(self, node):
        self.names.append((node.id, node.lineno, node.col_offset, type(node.ctx).__name__))


c = Counter()
c.visit(ast.parse("a = b + c\nd = a"))
print(c.names)
try:
    ast.parse("def (:")
except SyntaxError as error:
    print(type(error).__name__, error.lineno)
print(eval(compile(ast.Expression(ast.Constant(42, lineno=1, col_offset=0)), "", "eval")), ast.get_docstring(ast.parse('"doc"')))
