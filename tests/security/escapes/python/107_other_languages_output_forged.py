# Breaks print, repr and str for the next cell; the results still have to come.
# %% one
import builtins, sys
real = builtins.print, builtins.repr
builtins.print = lambda *a, **k: None
builtins.repr = lambda x: "forged"
sys.stdout = None
sys.displayhook = lambda x: None
sys.excepthook = lambda *a: None
# %% one
1 + 1
# %% one
1 / 0
# %% one
builtins.print, builtins.repr = real
sys.stdout = sys.__stdout__
print("ATTEMPTED")
