# Finalizers, exit handlers and pending tasks that wait for the next cell.
# %% one
import atexit, gc, sys, weakref
class Late:
    def __del__(self):
        globals()["ran"] = True
        try:
            print(open("@SECRET_PATH@").read())
        except Exception:
            pass
late = Late()
weakref.finalize(late, lambda: print("finalized"))
atexit.register(lambda: print(open("@SECRET_PATH@").read()))
sys.settrace(None)
print("ATTEMPTED")
# %% one
del late
gc.collect()
# %% one
1 + 1
