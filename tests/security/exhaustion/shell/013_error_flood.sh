# Prints without end to standard error.
# expect: limit
yes yyyyyyyyyyyyyyyyyyyyyyyyyyyyy >&2
