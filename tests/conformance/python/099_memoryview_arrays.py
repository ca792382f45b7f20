data = bytearray(range(12))
m = memoryview(data)
print(m[3], m[2:5].tolist(), m[::-3].tolist(), m.readonly, m.format, m.shape, m.itemsize)
m[0:3] = b"xyz"
print(data[:5], m.cast("I").tolist() != [], m.cast("B", (3, 4)).tolist()[1])
print(bytes(m[-2:]), m.hex()[:8], m == data, memoryview(b"ab") == b"ab", memoryview(b"ab").readonly)
try:
    memoryview(b"ab")[0] = 1
except TypeError as error:
    print(error)
try:
    m[0] = 256
except ValueError as error:
    print(error)
with memoryview(bytearray(4)) as view:
    view[1] = 7
    print(view.tobytes())
try:
    view[0]
except ValueError as error:
    print("released")
b = bytearray(b"abc")
b += b"def"
b[1:2] = b"--"
print(b, b.pop(0), b.remove(100), b, b * 2, b.isalpha(), b.translate(None, b"-"))
b.insert(0, 255)
b.reverse()
print(b, list(b)[:3], bytes(reversed(b"abc")), b"abc".join([b"1", b"2"]), bytes(b"abc").zfill(5))
