# Prints, returns and raises texts that are larger than a frame of the protocol may be.
# expect: died
import sys

print("ATTEMPTED")
text = "x" * (70 << 20)
try:
    sys.stdout.write(text)
finally:
    raise ValueError(text)
