# nonlocal, global, default arguments and late binding.
total = 0


def counter():
    n = 0

    def step(by=1):
        nonlocal n
        global total
        n += by
        total += by
        return n

    return step


step = counter()
print(step(), step(5), total, [f() for f in [lambda i=i: i * i for i in range(4)]], step.__closure__[0].cell_contents)
