# try/except* with an exception class whose split lies about its types.
# advisory: CVE-2025-22153 (RestrictedPython)
class Liar(BaseExceptionGroup):
    def split(self, condition):
        return (object(), reach)

    def derive(self, exceptions):
        return reach


class Wrong(Liar, metaclass=type):
    pass


print("ATTEMPTED")
try:
    try:
        raise Wrong("x", [ValueError(1), TypeError(2)])
    except* ValueError as group:
        print(type(group).__name__)
except BaseException as error:
    print(type(error).__name__)
