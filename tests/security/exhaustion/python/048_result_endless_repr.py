# A result whose text takes for ever.
class Slow:
    def __repr__(self):
        while True:
            pass


Slow()
