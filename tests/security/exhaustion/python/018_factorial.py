# A factorial of a million.
import math

math.factorial(10**6)
math.factorial(10**7)
