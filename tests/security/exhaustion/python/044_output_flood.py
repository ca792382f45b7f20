# Prints without end.
# expect: limit
while True:
    print("x" * 1000)
