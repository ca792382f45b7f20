# Exact numbers.
from decimal import ROUND_HALF_UP, Decimal, getcontext
from fractions import Fraction

getcontext().prec = 30
print(Decimal(1) / Decimal(7), Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP), Fraction(1, 3) + Fraction(1, 6))
print(sum([Decimal("0.1")] * 10) == 1, Fraction("0.125"), 2**200 % 1000007)
