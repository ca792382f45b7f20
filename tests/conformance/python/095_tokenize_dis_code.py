import io
import token
import tokenize

source = "x = 1 + foo('a')  # note\nif x:\n    pass\n"
for t in tokenize.generate_tokens(io.StringIO(source).readline):
    print(token.tok_name[t.type], repr(t.string), t.start)
print(tokenize.untokenize(tokenize.generate_tokens(io.StringIO("a=1\n").readline)))


def f(a, b=1, *c, d, **e):
    local = 1
    return lambda: local + a


code = f.__code__
print(code.co_name, code.co_argcount, code.co_kwonlyargcount, code.co_varnames[:6], code.co_cellvars, code.co_firstlineno)
print(f(1, d=2).__code__.co_freevars, code.co_filename.endswith(".py"), compile("1", "n", "eval").co_filename)
print(f.__qualname__, f.__module__, f.__closure__, code.co_flags & 0x04 > 0, code.co_flags & 0x08 > 0)
