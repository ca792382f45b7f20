for i in range(10):
    if i == 2:
        continue
    if i == 6:
        break
    print(i, end=" ")
else:
    print("never")
print()
for i in range(2):
    pass
else:
    print("else of for")
n = 27
steps = 0
while n != 1:
    n = n // 2 if n % 2 == 0 else 3 * n + 1
    steps += 1
else:
    print("steps", steps)
value = 7
if value > 10:
    print("big")
elif value > 5:
    print("middle")
else:
    print("small")
print("yes" if value else "no", 1 < value < 10, not value, value and "and", 0 or "or")
for x in []:
    pass
else:
    print("empty loop")


def primes(limit):
    for n in range(2, limit):
        for d in range(2, int(n**0.5) + 1):
            if n % d == 0:
                break
        else:
            yield n


print(list(primes(50)))
