import sys

try:
    input("prompt? ")
except EOFError as error:
    print()
    print("EOF:", error)
print(repr(sys.stdin.read()), repr(sys.stdin.readline()), list(sys.stdin))
