# A finalizer that makes what it finalizes.
class Again:
    def __del__(self):
        Again()


Again()
while True:
    pass
