d = {"one": 1, "two": 2}
d["three"] = 3
print(d, len(d), list(d), list(d.values()), list(d.items()))
print(d.get("four"), d.get("four", 4), d.setdefault("four", 4), d.pop("one"), d.pop("zero", None))
print("two" in d, d | {"five": 5}, {**d, "two": 22})
d |= {"six": 6}
d.update(seven=7)
print(d)
for key, value in d.items():
    print(key, value, sep="=", end=";")
print()
print({k: v for k, v in zip("abc", range(3))}, dict(a=1), dict([("x", 1)]), dict.fromkeys("ab", 0))
print(d.popitem(), reversed(list(d)).__next__())
try:
    d["missing"]
except KeyError as error:
    print("KeyError", error)
print({1: "a", 1.0: "b", True: "c"})
keys = d.keys()
print(keys & {"two", "three", "x"} == {"two", "three"}, sorted(keys - {"two"}))
print(sorted(d.items(), key=lambda item: -item[1]))
nested = {"a": {"b": {"c": 1}}}
print(nested["a"]["b"]["c"])
print(list(reversed({"x": 1, "y": 2})))
