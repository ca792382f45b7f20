# Exceptions of one's own, chained, with notes, in groups.
class Mine(Exception):
    pass


try:
    try:
        {}["x"]
    except KeyError as error:
        raise Mine("wrapped") from error
except Mine as error:
    print(error, repr(error.__cause__), error.__traceback__ is not None)
try:
    raise ExceptionGroup("many", [ValueError(1), TypeError("t")])
except* ValueError as group:
    print("values", group.exceptions)
except* TypeError as group:
    print("types", group.exceptions)
