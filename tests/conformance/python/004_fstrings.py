name, n, x = "Ada", 42, 3.14159
print(f"{name} {n} {x}")
print(f"{name!r} {name:>10}|{name:<10}|{name:^10}|{name:*^9}")
print(f"{n:05d} {n:+d} {n:x} {n:#x} {n:b} {n:#o} {n:,} {1234567:,} {1234567:_}")
print(f"{x:.2f} {x:10.3f} {x:e} {x:g} {x:%} {0.256:.1%}")
print(f"{n=} {x=:.1f} {name.upper()=}")
width = 12
print(f"{name:{width}}|{x:{width}.{2}f}|")
print(f"{'nested ' + f'{n + 1}'} {{literal}}")
print(f"{[i * i for i in range(4)]} { {'a': 1}['a'] }")
print(f"{n if n > 40 else 'small'} {(lambda v: v * 2)(n)}")
print(rf"\d{n}\n", f"a\tb{n}\u00e9")
print(f"""multi
line {n}""")
print(f"{1e300:g} {10**20:e} {True:d} {None} {-0.0}")
