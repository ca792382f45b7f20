class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k) if isinstance(k, (int, float)) else NotImplemented

    __rmul__ = __mul__

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __abs__(self):
        return (self.x**2 + self.y**2) ** 0.5

    def __bool__(self):
        return bool(self.x or self.y)

    def __iter__(self):
        yield self.x
        yield self.y

    def __getitem__(self, i):
        return (self.x, self.y)[i]

    def __len__(self):
        return 2

    def __contains__(self, v):
        return v in (self.x, self.y)

    def __call__(self, s):
        return f"{s}{tuple(self)}"

    def __matmul__(self, other):
        return self.x * other.x + self.y * other.y

    def __iadd__(self, other):
        self.x += other.x
        return self

    def __format__(self, spec):
        return f"<{self.x:{spec}},{self.y:{spec}}>"

    def __str__(self):
        return f"({self.x}, {self.y})"

    def __repr__(self):
        return f"Vector({self.x}, {self.y})"

    def __lt__(self, other):
        return abs(self) < abs(other)


v, w = Vector(3, 4), Vector(1, 2)
print(v + w, v * 2, 3 * v, -v, abs(v), v @ w, v == Vector(3, 4), v != w, bool(Vector(0, 0)))
print(list(v), v[0], len(v), 4 in v, v("p"), f"{v:.1f}", repr(v), sorted([v, w]), v > w)
print({v: 1}[Vector(3, 4)])
v += w
print(v)
try:
    v * "a"
except TypeError as error:
    print(error)
x, y = v
print(x, y)
