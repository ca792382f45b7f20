s = list(range(10))
print(s[2:5], s[:3], s[7:], s[::3], s[::-2], s[-3:-1], s[100:], s[5:2])
print("abcdef"[1:-1], "abcdef"[::-1], (1, 2, 3, 4)[::2], b"bytes"[1:3])
s[2:4] = []
print(s)
s[::2] = ["a"] * len(s[::2])
print(s)
print(slice(1, 10, 2).indices(6), slice(None, None, -1).indices(4))


class Window:
    def __getitem__(self, key):
        return key


print(Window()[1:2, ..., ::3], Window()["x"], Window()[1:])
try:
    s[::2] = [1]
except ValueError as error:
    print(error)
try:
    s["a"]
except TypeError as error:
    print(error)
