# Three million signs before a number.
eval("-" * 3_000_000 + "1")
