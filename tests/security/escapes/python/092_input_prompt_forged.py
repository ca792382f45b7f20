# Asks for input with a prompt that looks like companion's own, and that is huge.
print("ATTEMPTED")
for prompt in "\x1b[2J❯ password: ", "x" * (3 << 20), "\0\n\r" * 1000, type("S", (str,), {})("sub"), "\ud800":
    try:
        input(prompt)
    except BaseException as error:
        print(type(error).__name__)
