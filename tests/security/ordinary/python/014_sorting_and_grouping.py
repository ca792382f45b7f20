# sorted with keys, groupby and itemgetter.
from itertools import groupby
from operator import itemgetter

rows = [("b", 2), ("a", 3), ("b", 1), ("a", 1)]
rows.sort(key=itemgetter(0, 1))
print({key: [n for _, n in group] for key, group in groupby(rows, key=itemgetter(0))})
print(sorted("Banana apple Cherry".split(), key=str.casefold), max(rows, key=itemgetter(1)))
