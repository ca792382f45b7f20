import cmath

z = 3 + 4j
print(abs(z), z.real, z.imag, z.conjugate(), z * 1j, z / (1 - 1j), z**2, -z, z == complex(3, 4))
print(cmath.sqrt(-1), cmath.phase(1j), cmath.polar(1 + 1j), cmath.rect(2, 0), cmath.exp(0), cmath.isclose(z, z))
print(complex("1-2j"), complex(0, -0.0), 1j * 1j, repr(complex(1.5, -2)), complex(2), bool(0j))
print([round(abs(cmath.exp(2j * cmath.pi * k / 4) - r), 12) for k, r in enumerate([1, 1j, -1, -1j])])


def roots(a, b, c):
    d = cmath.sqrt(b * b - 4 * a * c)
    return (-b + d) / (2 * a), (-b - d) / (2 * a)


print(roots(1, 2, 5))
try:
    z < 1j
except TypeError as error:
    print(error)
try:
    complex("1 + 2j")
except ValueError as error:
    print(error)
print(f"{z:.2f} {z:g}", sum([1j, 2, 3.5]), hash(3 + 0j) == hash(3))


def fft(x):
    n = len(x)
    if n == 1:
        return x
    even, odd = fft(x[::2]), fft(x[1::2])
    t = [cmath.exp(-2j * cmath.pi * k / n) * odd[k] for k in range(n // 2)]
    return [even[k] + t[k] for k in range(n // 2)] + [even[k] - t[k] for k in range(n // 2)]


print([round(abs(v), 6) for v in fft([1, 1, 1, 1, 0, 0, 0, 0])])
