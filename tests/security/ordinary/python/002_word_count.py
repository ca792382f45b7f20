# Counts words, with a Counter.
from collections import Counter

text = "the quick brown fox jumps over the lazy dog the end"
for word, count in Counter(text.split()).most_common(3):
    print(word, count)
