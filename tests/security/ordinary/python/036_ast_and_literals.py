# ast.literal_eval, ast.parse and a transformer.
import ast


class Double(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node)


tree = ast.fix_missing_locations(Double().visit(ast.parse("3 + 4", mode="eval")))
print(eval(compile(tree, "t", "eval")), ast.literal_eval("{'a': [1, (2, 3)]}"), [type(n).__name__ for n in ast.walk(ast.parse("x = 1"))][:3])
