class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


a = Noisy("a")
b = a
del a
print("still alive")
del b
print("gone")


def scope():
    Noisy("temporary")
    local = Noisy("local")
    print("end of scope")


scope()
items = [Noisy("in list")]
items.clear()
d = {"k": Noisy("in dict")}
d["k"] = None
x = Noisy("old")
x = Noisy("new")
print("rebinding done")
x = None
