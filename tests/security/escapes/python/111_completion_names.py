# Names and attributes whose text is hostile, for whoever lists them.
# %% one
globals()["\x1b]0;name\x07"] = 1
globals()["a\nb"] = 2
class Odd:
    def __dir__(self): raise SystemExit
    def __getattr__(self, name): raise SystemExit
odd = Odd()
vars(odd)["\x1b[2J"] = 1
print("ATTEMPTED")
# %% one
dir()
# %% one
vars(odd)
