# Goes from a module that is allowed to one that is not: random to os, queue to threading.
# advisory: CVE-2025-5120 (smolagents)
import collections
import queue
import random
import statistics

reach(random._os, random._urandom)
for module in random, queue, statistics, collections:
    for name, value in list(vars(module).items()):
        if type(value) is type(random):
            reach(value)
            for inner in list(vars(value).values()):
                if type(inner) is type(random):
                    reach(inner)
