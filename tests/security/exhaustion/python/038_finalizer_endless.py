# A finalizer that does not end.
class Endless:
    def __del__(self):
        while True:
            pass


endless = Endless()
del endless
