# Bytes, struct, hex, base64 and checksums.
import base64
import binascii
import hashlib
import struct
import zlib

packed = struct.pack("<IhB4s", 0xDEADBEEF, -2, 7, b"abcd")
print(packed.hex(), struct.unpack("<IhB4s", packed), base64.b64encode(packed).decode())
print(zlib.crc32(b"hello"), binascii.hexlify(b"hi"), hashlib.sha256(b"hello").hexdigest()[:16], zlib.decompress(zlib.compress(b"x" * 1000)) == b"x" * 1000)
