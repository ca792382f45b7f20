# A search that compares everything with everything.
# expect: limit error died ok
text = "a" * 5_000_000
for _ in range(1000):
    (text + "b").count("a" * 100_000 + "b")
    text.find("a" * 1_000_000 + "b")
