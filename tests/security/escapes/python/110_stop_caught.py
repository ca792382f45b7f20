# Catches what ends a cell at its time limit, by every construct, and tries to go on.
# timeout: 1
# %% one
def swallow():
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
        finally:
            continue
print("ATTEMPTED")
swallow()
# %% one
print("next")
# %% one
class Manager:
    def __enter__(self): return self
    def __exit__(self, *a): return True
def generator():
    while True:
        try:
            yield 1
        finally:
            continue
while True:
    with Manager():
        for _ in generator():
            pass
# %% one
print("next")
