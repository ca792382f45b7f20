# Shrinks what a view looks at, while it looks.
import io

print("ATTEMPTED")
data = bytearray(1000)
view = memoryview(data)
for act in (lambda: data.clear(), lambda: data.extend(b"x" * 10000), lambda: data.__delitem__(slice(0, 900)), lambda: data.pop()):
    try:
        act()
    except BufferError:
        print("BufferError")
stream = io.BytesIO(b"x" * 100)
window = stream.getbuffer()
for act in (lambda: stream.truncate(0), lambda: stream.write(b"y" * 1000), lambda: stream.close()):
    try:
        act()
    except BufferError:
        print("BufferError")


class Key:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        items.clear()
        return self.n < other.n


items = [Key(n) for n in range(100)]
try:
    items.sort()
except ValueError as error:
    print("ValueError")
