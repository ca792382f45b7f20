data = [1, 5, 2, 8, 3]
if (n := len(data)) > 3:
    print("long", n)
print([y for x in data if (y := x * x) > 10])
lines = iter(["a", "b", "", "c"])
while line := next(lines):
    print("line", line)
print((lambda: (z := 3) + z)())
print(any((found := x) > 4 for x in data), found)
value = None
print(value or "default", value is None, value if value else "falsy")
print(1 if [] else 2 if {} else 3)
print(0 == 0.0 == False, 1 < 2 > 1, "a" < "b" <= "b")
print(not [] and 5, [] and 5, () or [] or 0)
x = 5
x += 3; x -= 1; x *= 2; x //= 3; x **= 2; x %= 10; x <<= 2; x |= 1; x ^= 3; x &= 0xFF; x >>= 1
print(x)
