print("Hello, world!")
print("one", "two", "three", sep=", ", end="!\n")
print()
print(1, 2.5, None, True, [1, "a"])
