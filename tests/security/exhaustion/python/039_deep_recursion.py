# A recursion without end, and without an exception caught.
# expect: error limit died
def fall(n):
    return fall(n + 1)


fall(0)
