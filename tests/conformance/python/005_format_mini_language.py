for spec in ["", ">8", "<8", "^8", "=+8", "08", "+", " ", ",", "_", "b", "o", "x", "X", "#x", "c", "e", ".3f", "%", "n"]:
    print(f"{spec!r}: {format(65, spec)!r}")
for spec in ["", ".2f", ".3e", ".3g", "10.1f", "<10.1f", "+.1f", ",.2f", ".0f", "%", ".1%", "G"]:
    print(f"{spec!r}: {format(12345.6789, spec)!r}")
for value in (float("inf"), float("-inf"), float("nan")):
    print(format(value, "f"), format(value, "8.1f"), format(value, "e"))
print(format("text", "10.2"), format("text", "^10s"))
try:
    format("text", "d")
except ValueError as error:
    print("ValueError:", error)
print("{0[1]} {0[0]} {1.real} {2[key]}".format([1, 2], 3 + 4j, {"key": "value"}))
print("{:{}{}}".format("x", ">", 5))
