# An exception whose name, text, traceback and attributes are all hostile.
print("ATTEMPTED")


class Meta(type):
    @property
    def __name__(cls):
        raise RuntimeError

    @property
    def __module__(cls):
        return 5


class Hostile(Exception, metaclass=Meta):
    def __str__(self):
        raise self

    __repr__ = __str__

    def __getattribute__(self, name):
        if name in ("__cause__", "__context__", "__notes__", "exceptions"):
            raise KeyError(name)
        return super().__getattribute__(name)


error = Hostile()
error.__traceback__ = None
raise error
