# Doubles a text until nothing is left.
s = "x"
while True:
    s = s + s
