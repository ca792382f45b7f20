# The same by format and by an f-string.
try:
    "{:>99999999999}".format(1)
except (MemoryError, ValueError, OverflowError):
    pass
width = 10**10
f"{1:>{width}}"
