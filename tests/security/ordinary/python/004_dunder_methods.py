# A class with many dunder methods, all of them honest.
class Vector:
    def __init__(self, *values):
        self.values = values

    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self.values, other.values)))

    def __eq__(self, other):
        return self.values == other.values

    def __getitem__(self, index):
        return self.values[index]

    def __len__(self):
        return len(self.values)

    def __repr__(self):
        return f"Vector{self.values}"

    def __call__(self, n):
        return Vector(*(v * n for v in self.values))


v = Vector(1, 2) + Vector(3, 4)
print(v, v(2), len(v), v[0], v == Vector(4, 6), v.__class__.__name__, Vector.__mro__[-1].__name__)
