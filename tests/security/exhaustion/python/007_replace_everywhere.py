# Puts a long text between all letters of a long text.
s = "a" * 1_000_000
s.replace("a", s)
