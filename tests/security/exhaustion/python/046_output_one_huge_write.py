# Prints one text of a hundred megabytes.
# expect: limit error
print("x" * 50_000_000)
