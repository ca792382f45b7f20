# Rewrites In, Out and _ with things that act when they are looked at.
# %% one
import builtins
class Bomb:
    def __repr__(self): raise SystemExit(3)
    def __len__(self): raise SystemExit(4)
    def __setitem__(self, k, v): raise SystemExit(5)
builtins.In = Bomb()
builtins.Out = Bomb()
print("ATTEMPTED")
# %% one
5
# %% one
del builtins.In, builtins.Out
# %% one
6 * 7
# %% one
builtins.In = []
builtins.Out = {}
6 * 7
