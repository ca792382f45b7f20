b = b"hello"
print(b, b[0], b[1:3], list(b), len(b), b + b" world", b * 2, b.upper(), b.hex(), bytes.fromhex("68 69"))
print("héllo ☃ 𝄞".encode(), "héllo".encode("latin-1"), "☃".encode("utf-16-le"), "ab".encode("ascii"))
print(b"h\xc3\xa9llo".decode(), b"\xff".decode("latin-1"), b"\xff\xfea".decode("utf-8", "replace"))
print(b"\xff".decode("utf-8", "ignore"), "é".encode("ascii", "xmlcharrefreplace"), "é".encode("ascii", "backslashreplace"))
try:
    b"\xff".decode()
except UnicodeDecodeError as error:
    print(error)
try:
    "é".encode("ascii")
except UnicodeEncodeError as error:
    print(error)
ba = bytearray(b"abc")
ba[0] = 65
ba.append(100)
ba.extend(b"ef")
print(ba, ba.find(b"d"), bytes(ba), ba.pop())
print(b"a,b,c".split(b","), b"-".join([b"x", b"y"]), b"abc".replace(b"b", b"BB"), b" x ".strip())
m = memoryview(bytearray(b"abcdef"))
m[1:3] = b"XY"
print(bytes(m), m[0], m.nbytes, m[2:4].tobytes())
print(bytes(3), bytes([1, 2, 255]), bytes("é", "utf-8"), b"\x00\t\n\\'\"")
print(ord("a"), chr(8364), "\u20ac", "\N{EURO SIGN}", "\x41", ascii("é☃"))
print(b"abc" < b"abd", b"abc" == bytearray(b"abc"), b"%d-%s" % (5, b"x"))
