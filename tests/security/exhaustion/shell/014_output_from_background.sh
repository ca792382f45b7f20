# Many processes print without end.
# expect: limit
for n in 1 2 3 4; do yes $n & done; wait
