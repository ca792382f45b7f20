# A file name that is a path, an escape sequence, or a piece of code, in compile and in tracebacks.
# advisory: CVE-2024-56201 (Jinja2)
print("ATTEMPTED")
for name in "@SECRET_PATH@", "/proc/self/environ", "x\"); open('@SECRET_PATH@'); (\"", "/etc/shadow", "<cell 1>", "<companion>":
    try:
        exec(compile("\n\n1 / 0", name, "exec"))
    except ZeroDivisionError as error:
        import traceback

        print("".join(traceback.format_exception(error)))
