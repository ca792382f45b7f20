# Fills a deque, which keeps nothing, from an iterator without end.
from collections import deque
from itertools import repeat

deque(repeat(0), maxlen=0)
