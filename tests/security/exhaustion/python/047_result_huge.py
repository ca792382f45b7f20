# A result whose text is huge.
# expect: ok limit error
["x" * 1000] * 60_000
