# A decimal number of a hundred million digits.
from decimal import Decimal, getcontext

getcontext().prec = 10**8
Decimal(2).sqrt()
