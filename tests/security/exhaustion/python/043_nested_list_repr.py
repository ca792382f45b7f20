# Prints a list that holds itself a million deep.
# expect: error limit died ok
deep = []
for _ in range(1_000_000):
    deep = [deep]
repr(deep)
