# A number that is multiplied by itself.
x = 3
while True:
    x = x * x
