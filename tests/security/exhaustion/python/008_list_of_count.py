# A list of an iterator without end.
import itertools

list(itertools.count())
