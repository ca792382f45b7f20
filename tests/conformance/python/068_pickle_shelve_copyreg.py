import copyreg
import io
import pickle


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)


class WithState:
    def __init__(self):
        self.value, self.cache = 1, "big"

    def __getstate__(self):
        return {"value": self.value}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.cache = "rebuilt"


data = {"a": [1, 2.5, None, True], "b": (1, "x"), "c": {1, 2}, "d": b"bytes", "e": 10**30, "f": Point(1, 2)}
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    print(protocol, pickle.loads(pickle.dumps(data, protocol)) == data)
s = pickle.loads(pickle.dumps(WithState()))
print(s.value, s.cache)
shared = [1]
l = pickle.loads(pickle.dumps([shared, shared]))
print(l[0] is l[1], pickle.loads(pickle.dumps(len)) is len, pickle.loads(pickle.dumps(Point)) is Point)
try:
    pickle.dumps(lambda: 1)
except Exception as error:
    print("cannot pickle a lambda")
copyreg.pickle(complex, lambda c: (complex, (c.real, c.imag)))
print(pickle.loads(pickle.dumps(3 + 4j)))
f = io.BytesIO()
pickle.dump("one", f)
pickle.dump("two", f)
f.seek(0)
print(pickle.load(f), pickle.load(f))
try:
    pickle.load(f)
except EOFError:
    print("EOF")
