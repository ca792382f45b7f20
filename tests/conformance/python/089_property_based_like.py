def is_sorted(items):
    return all(a <= b for a, b in zip(items, items[1:]))


seed = 12345


def pseudo_random():
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return seed


for size in (0, 1, 5, 50):
    items = [pseudo_random() % 100 for _ in range(size)]
    assert is_sorted(sorted(items))
    assert sorted(items) == sorted(sorted(items, reverse=True))
    assert len(set(items)) <= len(items)
    assert sum(items) == sum(reversed(items))
    assert "".join(map(chr, map(lambda n: 97 + n % 26, items)))[::-1][::-1] == "".join(chr(97 + n % 26) for n in items)
    assert {k: v for v, k in {v: k for k, v in enumerate(items)}.items()} is not None
    assert int("".join(map(str, items)) or "0") >= 0
    assert bytes(items).decode("latin-1").encode("latin-1") == bytes(items)
    print("size", size, "holds", items[:5])
for a in range(-20, 21, 7):
    for b in (-3, -1, 2, 5):
        q, r = divmod(a, b)
        assert a == q * b + r and abs(r) < abs(b) and (r == 0 or (r < 0) == (b < 0))
print("division holds")
for n in range(200):
    assert int(bin(n), 2) == int(hex(n), 16) == int(oct(n), 8) == int(str(n)) == n
    assert n.to_bytes(2, "big") == bytes([n >> 8, n & 255])
print("number bases hold")
