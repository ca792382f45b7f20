# A recursion of nine hundred levels, and one that is caught.
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


print(depth(900))
try:
    depth(10**6)
except RecursionError:
    print("too deep")
print(depth(500))
