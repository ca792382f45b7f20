# Code objects out of bytes: marshal, and types.CodeType with a bytecode of its own.
import marshal

print("ATTEMPTED")
code = compile("import os; print('ESCAPED', os.listdir('/'))", "m", "exec")
try:
    exec(marshal.loads(marshal.dumps(code)))
except Exception as error:
    print(type(error).__name__)
for size in 1, 8, 64, 512:
    try:
        data = marshal.dumps(code)
        marshal.loads(data[:-size])
    except Exception as error:
        print(type(error).__name__)
