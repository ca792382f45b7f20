# gc.get_objects and get_referrers as a way to every object of the process.
# expect: died
import gc

print("ATTEMPTED")
for call in (lambda: gc.get_objects(), lambda: gc.get_referrers(print), lambda: gc.get_referents(print, open, reach)):
    try:
        for thing in list(call())[:3000]:
            if isinstance(thing, dict) and ("native" in thing or "__builtins__" in thing):
                reach(thing)
    except Exception as error:
        print(type(error).__name__)
