# A fraction that doubles its digits at each step.
from fractions import Fraction

x = Fraction(1, 3)
while True:
    x = x * x + 1 / x
