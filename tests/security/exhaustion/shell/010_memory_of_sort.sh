# A sort of a text without end.
# expect: limit ok error
yes | head -c 1000000000 | sort > sorted; rm -f sorted; exit 1
