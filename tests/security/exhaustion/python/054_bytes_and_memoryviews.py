# Bytes, arrays and views that add up.
from array import array

kept = []
while True:
    kept.append(bytearray(1_000_000))
    kept.append(array("d", [0.0]) * 100_000)
