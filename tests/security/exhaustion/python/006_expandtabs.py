# A tab that is as wide as memory.
# expect: limit error died ok
"\t".expandtabs(10**11)
