# The plainest loop, counted.
# fuel: 100000
# expect: limit
while True:
    pass
