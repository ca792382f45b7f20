# linecache, tokenize, inspect and traceback read the source files that they are told of.
import inspect
import linecache
import tokenize
import traceback

print("ATTEMPTED")
for path in "@SECRET_PATH@", "/proc/self/environ", "/etc/passwd":
    for read in (
        lambda: linecache.getlines(path),
        lambda: linecache.updatecache(path),
        lambda: tokenize.open(path).read(),
        lambda: inspect.getsource(compile("1", path, "exec")),
        lambda: traceback.format_list([(path, 1, "f", None)]),
        lambda: traceback.StackSummary.from_list([(path, 1, "f", None)]).format(),
    ):
        try:
            text = str(read())
        except Exception as error:
            text = type(error).__name__
        print(text)
        if "root:" in text:
            print("ESCAPED")
