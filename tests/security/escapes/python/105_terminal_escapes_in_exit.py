# Escape sequences in the text of an exit, and in a syntax error.
# run: terminal
import sys

print("ATTEMPTED")
try:
    eval("'\x1b]0;syntax\x07' $ \u202e")
except SyntaxError as error:
    import traceback

    traceback.print_exception(error)
sys.exit("\x1b]0;exit\x07\x1b[2J\x9b1m\u2066x")
