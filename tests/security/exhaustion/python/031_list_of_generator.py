# A list of a generator without end.
def endless():
    while True:
        yield "x" * 1000


list(endless())
