# A stream that is compressed without end and kept.
import zlib

kept, packer = [], zlib.compressobj(0)
while True:
    kept.append(packer.compress(b"x" * 1_000_000))
