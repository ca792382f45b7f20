# A few bytes that become a gigabyte.
import zlib

packed = zlib.compress(b"\0" * 10_000_000)
for _ in range(3):
    packed = zlib.compress(packed)
data = packed
while True:
    try:
        data = zlib.decompress(data)
    except zlib.error:
        data = b"".join([data] * 20)
