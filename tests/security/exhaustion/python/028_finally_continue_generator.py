# The same in a generator that is closed.
def endless():
    while True:
        try:
            yield 1
        finally:
            continue


for _ in endless():
    while True:
        pass
