from collections import defaultdict
from decimal import Decimal
import csv
import io

DATA = """sku,category,price,quantity
A1,tools,12.50,10
B2,toys,7.25,0
C3,tools,99.99,3
D4,books,15.00,7
E5,toys,3.10,40
"""
items = [{**row, "price": Decimal(row["price"]), "quantity": int(row["quantity"])} for row in csv.DictReader(io.StringIO(DATA))]
totals = defaultdict(Decimal)
for item in items:
    totals[item["category"]] += item["price"] * item["quantity"]
for category, total in sorted(totals.items(), key=lambda pair: pair[1], reverse=True):
    print(f"{category:<8}{total:>12,.2f}")
print("grand total", sum(totals.values()), type(sum(totals.values())).__name__)
print([i["sku"] for i in items if not i["quantity"]], max(items, key=lambda i: i["price"])["sku"])
out = io.StringIO()
writer = csv.DictWriter(out, ["sku", "value"], lineterminator="\n")
writer.writeheader()
writer.writerows({"sku": i["sku"], "value": i["price"] * i["quantity"]} for i in items)
print(out.getvalue(), end="")
cheapest = {}
for i in items:
    if (c := i["category"]) not in cheapest or i["price"] < cheapest[c]["price"]:
        cheapest[c] = i
print({c: i["sku"] for c, i in sorted(cheapest.items())})
