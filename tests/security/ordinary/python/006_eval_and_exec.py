# eval, exec and compile of small things.
namespace = {"x": 3}
exec("def square(n):\n    return n * n\ny = square(x)", namespace)
print(namespace["y"], eval("x + y", namespace), eval(compile("2 ** 10", "sum", "eval")))
