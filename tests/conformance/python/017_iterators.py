class Range:
    def __init__(self, stop):
        self.stop = stop

    def __iter__(self):
        return RangeIterator(self.stop)


class RangeIterator:
    def __init__(self, stop):
        self.current, self.stop = 0, stop

    def __iter__(self):
        return self

    def __next__(self):
        if self.current >= self.stop:
            raise StopIteration
        self.current += 1
        return self.current - 1


r = Range(4)
print(list(r), list(r), sum(r), max(r), 3 in r, tuple(r))
print(list(zip(r, "abcd")), list(map(lambda x: x + 1, r)), list(filter(None, r)))
it = iter([1, 2, 3])
print(next(it), next(it), next(it), next(it, "default"))
print(list(iter(iter([3, 2, 1, 0, 5]).__next__, 0)))
print(list(enumerate("ab", 1)), list(reversed([1, 2, 3])))


class Sequence:
    def __getitem__(self, index):
        if index > 2:
            raise IndexError
        return index * 10


print(list(Sequence()), 20 in Sequence())
a, b, c = Range(3)
print(a, b, c)
try:
    iter(5)
except TypeError as error:
    print(error)
try:
    list(zip([1, 2], [1], strict=True))
except ValueError as error:
    print(error)
