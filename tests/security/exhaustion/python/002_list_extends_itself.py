# A list that is extended by itself.
x = [0] * 10
while True:
    x.extend(x)
