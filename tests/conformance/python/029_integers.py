print(7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 % -3, divmod(-7, 2), 2**10, 2**-1, (-2) ** 3)
print(10**50, 2**200, -(10**30) // 7, 10**30 % 7)
print(0xFF, 0o17, 0b1010, 1_000_000, int("ff", 16), int("0b11", 0), int("-12"))
print(bin(10), oct(64), hex(255), (255).bit_length(), (6).bit_count(), (1024).to_bytes(2, "big"))
print(int.from_bytes(b"\x01\x00", "little"), (-1).to_bytes(2, "big", signed=True))
print(5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 10, 1024 >> 3, -5 >> 1)
print(pow(3, 100, 7), pow(3, -1, 7), abs(-5), round(12345, -2), int(3.99), int(-3.99))
print(100 .__add__(1), (5).numerator, isinstance(True, int), True + True)
print(sum(range(10**6)), len(str(3**1000)), str(2**521 - 1)[:20])
import math

print(math.factorial(25), math.gcd(84, 36), math.lcm(4, 6), math.comb(10, 3), math.perm(5, 2), math.isqrt(10**20))
for bad in ("12x", "", "1.5"):
    try:
        int(bad)
    except ValueError as error:
        print(error)
try:
    1 // 0
except ZeroDivisionError as error:
    print("ZeroDivisionError")
