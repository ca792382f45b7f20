# Some tens of megabytes, used and given back, several times.
for _ in range(5):
    data = list(range(500_000))
    text = "x" * 10_000_000
    table = {n: str(n) for n in range(50_000)}
    print(len(data), len(text), len(table))
    del data, text, table
