# A second interpreter, which the guards of the first know nothing of.
print("ATTEMPTED")
code = "print('ESCAPED', open('@SECRET_PATH@').read())"
for name in "_interpreters", "_xxsubinterpreters", "interpreters", "concurrent.interpreters", "test.support.interpreters", "_testinternalcapi":
    try:
        module = __import__(name, fromlist=["x"])
        made = module.create()
        (getattr(made, "exec", None) or (lambda text: module.exec(made, text)))(code)
    except BaseException as error:
        print(name, type(error).__name__)
