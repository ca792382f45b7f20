rows = [("Widget", 4, 3.5), ("Gadget", 10, 12.25), ("Thing", 1, 100)]
header = f"{'Item':<10}{'Qty':>5}{'Price':>10}{'Total':>12}"
print(header)
print("=" * len(header))
for name, quantity, price in rows:
    print(f"{name:<10}{quantity:>5d}{price:>10.2f}{quantity * price:>12,.2f}")
print("-" * len(header))
print(f"{'Sum':<10}{sum(r[1] for r in rows):>5}{'':>10}{sum(r[1] * r[2] for r in rows):>12,.2f}")
for i in range(1, 6):
    print(" ".join(f"{i * j:3}" for j in range(1, 6)))
for i in [1, 3, 5]:
    print(("*" * i).center(5))
values = {"mon": 3, "tue": 7, "wed": 5}
scale = max(values.values())
for day, value in values.items():
    print(f"{day} {'█' * value}{'░' * (scale - value)} {value / scale:>6.1%}")
print("\n".join(" | ".join(f"{c:^5}" for c in row) for row in [["a", "bb"], ["ccc", "d"]]))
print("{:>20}".format("right"), "{:.>20}".format("dots"), f"{'é':-^9}", sep="\n")
