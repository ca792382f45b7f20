import struct
import uuid

print(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"), uuid.uuid3(uuid.NAMESPACE_URL, "http://x"))
u = uuid.UUID("12345678-1234-5678-1234-567812345678")
print(u, repr(u), u.hex, u.int, u.bytes[:4], u.version, u.variant, u.urn)
r = uuid.uuid4()
print(r.version, len(str(r)), r != uuid.uuid4(), uuid.UUID(int=5), uuid.UUID(bytes=bytes(range(16))))
try:
    uuid.UUID("bad")
except ValueError as error:
    print(error)
packed = struct.pack(">IhB4sf?", 1, -2, 255, b"ab", 1.5, True)
print(packed, struct.unpack(">IhB4sf?", packed), struct.calcsize(">IhB4sf?"))
print(struct.pack("<Q", 2**40), struct.unpack("<d", struct.pack("<d", 3.14)), struct.pack("3B", 1, 2, 3), struct.pack("!H", 0x1234))
print(list(struct.iter_unpack("<H", b"\x01\x00\x02\x00")), struct.unpack_from("B", b"abc", 1), struct.calcsize("@ci"))
buffer = bytearray(8)
struct.pack_into("<I", buffer, 2, 0xDEADBEEF)
print(buffer.hex(), struct.Struct("<2h").unpack(b"\x01\x00\xff\xff"))
try:
    struct.pack("B", 256)
except struct.error as error:
    print("struct.error")
