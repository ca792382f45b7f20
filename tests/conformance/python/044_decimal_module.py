from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, InvalidOperation, getcontext, localcontext

print(Decimal("0.1") + Decimal("0.2"), Decimal(1) / Decimal(3), Decimal("1.10") * 3, Decimal(5) // 2, Decimal("-7") % 3)
print(Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP), Decimal("2.665").quantize(Decimal("0.01"), ROUND_HALF_EVEN), Decimal("9.99").quantize(Decimal("1"), ROUND_DOWN))
getcontext().prec = 10
print(Decimal(1) / 7, Decimal(2).sqrt(), Decimal("1e5"), Decimal("1E+3") + 1, Decimal(10) ** 20, Decimal(1).exp())
with localcontext() as context:
    context.prec = 30
    print(Decimal(1) / 7)
print(repr(Decimal("1.50")), Decimal("1.50").normalize(), Decimal("1.5") == Decimal("1.50"), hash(Decimal("1.5")) == hash(1.5))
print(Decimal("NaN"), Decimal("Infinity") > 10**9, Decimal("123.456").as_tuple(), Decimal(0.5), Decimal("1234567.891").to_eng_string())
print(f"{Decimal('1234567.891'):,.2f}", format(Decimal("0.00001234"), "f"), str(Decimal("0.0000001")), int(Decimal("7.9")), round(Decimal("2.5")))
try:
    Decimal("abc")
except InvalidOperation:
    print("InvalidOperation")
try:
    Decimal(1) / 0
except ZeroDivisionError as error:
    print(type(error).__name__)
print(sum([Decimal("0.1")] * 10) == 1, max(Decimal(1), Decimal("1.5")), Decimal("3.7").to_integral_value(), Decimal("-3.5").copy_abs())
print(Context(prec=3).create_decimal("3.14159"), Decimal("1.1").compare(Decimal("1.2")), Decimal(100).log10(), Decimal("1e-3").adjusted())
