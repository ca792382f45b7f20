# Iterators that make a copy of their input first.
from itertools import combinations, permutations, product

try:
    product(range(10**6), repeat=10**6)
except (MemoryError, OverflowError):
    pass
sum(1 for _ in permutations(range(20)))
