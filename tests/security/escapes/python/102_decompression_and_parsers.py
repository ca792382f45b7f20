# Native parsers of the library, given bytes that are not what they say.
# expect: died
print("ATTEMPTED")
import binascii
import json
import struct
import zlib

for call in (
    lambda: zlib.decompress(b"\x78\x9c" + b"\xff" * 64),
    lambda: zlib.decompressobj(-15).decompress(b"\x00" * 100, 5),
    lambda: struct.unpack("999999999s", b"x"),
    lambda: struct.pack_into("Q", bytearray(4), -1, 5),
    lambda: struct.unpack_from("Q", b"12345678", 1 << 62),
    lambda: binascii.a2b_uu(b"\xff" * 100),
    lambda: json.loads("[" * 100_000),
    lambda: int("9" * 100_000),
    lambda: float("1e" + "9" * 1000),
    lambda: b"x".decode("utf-7"),
    lambda: b"\xff\xfe\x00\xd8".decode("utf-16"),
    lambda: __import__("re").compile("(" * 5000),
    lambda: __import__("ast").parse("(" * 5000),
    lambda: __import__("_sre").compile("x", 0, [0xFFFFFFFF] * 10, 0, {}, ()).match("x"),
):
    try:
        call()
    except Exception as error:
        print(type(error).__name__)
