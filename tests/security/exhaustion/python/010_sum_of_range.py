# The same by sum.
sum(range(10**12))
