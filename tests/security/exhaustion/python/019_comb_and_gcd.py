# Combinatorics in native code.
# expect: limit error died ok
import math

math.comb(10**7, 5 * 10**6)
math.perm(10**6)
