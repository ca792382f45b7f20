# A comprehension, counted.
# fuel: 100000
# expect: limit
[n for n in iter(int, 1)]
