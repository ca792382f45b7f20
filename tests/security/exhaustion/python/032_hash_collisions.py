# Twenty thousand keys with the same hash.
class Key:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return self.n == other.n


{Key(n): n for n in range(20_000)}
