# A native loop over a range that no one lives to see the end of.
min(range(10**12))
