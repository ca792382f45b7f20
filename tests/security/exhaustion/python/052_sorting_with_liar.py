# A sort whose comparison always makes more to sort.
class Liar:
    def __lt__(self, other):
        items.append(self)
        return True


items = [Liar() for _ in range(1000)]
while True:
    try:
        items.sort()
    except ValueError:
        pass
