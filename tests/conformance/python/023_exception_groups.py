def raise_group():
    raise ExceptionGroup("many", [ValueError("v"), TypeError("t"), ExceptionGroup("inner", [KeyError("k")])])


try:
    raise_group()
except* ValueError as group:
    print("values", [str(e) for e in group.exceptions])
except* (TypeError, KeyError) as group:
    print("others", group.message, len(group.exceptions))
try:
    try:
        raise_group()
    except* KeyError:
        print("key handled")
except ExceptionGroup as rest:
    print("rest", [type(e).__name__ for e in rest.exceptions])
group = ExceptionGroup("g", [ValueError(1), OSError(2)])
match, other = group.split(ValueError)
print(match.exceptions, other.exceptions, group.subgroup(KeyError))
error = ValueError("noted")
error.add_note("first note")
error.add_note("second note")
print(error.__notes__)
try:
    ExceptionGroup("empty", [])
except ValueError as problem:
    print(problem)
