# Raises the recursion limit and falls through the native stack.
# expect: died
import sys

print("ATTEMPTED")
for limit in (10**6, 2**31 - 1):
    try:
        sys.setrecursionlimit(limit)
    except Exception as error:
        print(type(error).__name__)


def fall(n):
    return fall(n + 1)


fall(0)
