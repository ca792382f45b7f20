# Writers that fill the scratch folder at the same time.
# expect: limit ok error
for n in 1 2 3 4 5 6; do head -c 50000000 /dev/zero > w$n & done; wait; rm -f w?; exit 1
