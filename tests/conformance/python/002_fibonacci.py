def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


print(fibonacci(10))
print([fibonacci(i) for i in range(15)])


def generate():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


for value in generate():
    if value > 100:
        break
    print(value, end=" ")
print()
