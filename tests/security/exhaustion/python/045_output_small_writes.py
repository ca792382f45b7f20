# Prints without end, letter by letter, on both streams.
# expect: limit
import sys

while True:
    sys.stdout.write("x")
    sys.stderr.write("y")
