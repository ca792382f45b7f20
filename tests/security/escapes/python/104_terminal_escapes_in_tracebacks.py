# Escape sequences in the names and messages of exceptions, in file names and in notes.
# run: terminal
print("ATTEMPTED")
Error = type("\x1b]0;name\x07", (Exception,), {})
error = Error("\x1b]52;c;aGVsbG8=\x07 \u202e \x9b2J")
error.add_note("\x1b[2Jnote")
try:
    exec(compile("raise error", "\x1b]0;file\x07.py", "exec"))
except Error as inner:
    raise Error("\x1b]8;;http://x\x1b\\") from inner
