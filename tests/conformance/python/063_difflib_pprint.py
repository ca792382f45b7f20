import difflib
import pprint

a = "one two three four".split()
b = "one 2 three four five".split()
print("\n".join(difflib.unified_diff(a, b, "a.txt", "b.txt", lineterm="")))
print(list(difflib.ndiff(["abc"], ["abd"])))
s = difflib.SequenceMatcher(None, "abcd", "bcde")
print(round(s.ratio(), 3), s.get_opcodes(), s.find_longest_match(0, 4, 0, 4))
print(difflib.get_close_matches("appel", ["ape", "apple", "peach"]), difflib.get_close_matches("zzz", ["a"]))
data = {"users": [{"name": f"user{i}", "roles": ["admin", "editor", "viewer"], "id": i} for i in range(3)], "count": 3, "nested": {"deep": {"deeper": list(range(30))}}}
pprint.pprint(data)
pprint.pprint(data, width=120, compact=True)
pprint.pprint({"b": 1, "a": 2}), pprint.pprint({"b": 1, "a": 2}, sort_dicts=False)
print(pprint.pformat([1, [2, [3, [4]]]], depth=2), pprint.pformat(("x" * 50, "y" * 50)))
pprint.pprint("long text " * 12, width=40)
