import json

data = {"name": "Ada", "n": 42, "x": 1.5, "ok": True, "none": None, "list": [1, [2], {}], "uni": "é☃\n\"", "big": 10**20}
text = json.dumps(data)
print(text)
print(json.loads(text) == data, json.dumps(data, ensure_ascii=False, sort_keys=True))
print(json.dumps({"b": [1, 2], "a": {}}, indent=2, sort_keys=True))
print(json.dumps([1, 2], separators=(",", ":")), json.dumps({1: "int key", None: 0, True: 1}))
print(json.loads('[1, 2.0, 1e3, -0, "\\u00e9\\ud83d\\ude00", null, false]'), json.loads(' {"a" : {"b" : [ ] } } '))
print(json.dumps(float("inf")), json.loads("NaN") != json.loads("NaN"), json.dumps("</script>\x01"))
for bad in ('{"a": }', "[1, 2", "{'a': 1}", "", '"\x01"', "nul"):
    try:
        json.loads(bad)
    except json.JSONDecodeError as error:
        print(type(error).__name__, error.pos, error.lineno)
try:
    json.dumps({1, 2})
except TypeError as error:
    print(error)


class Encoder(json.JSONEncoder):
    def default(self, o):
        return sorted(o) if isinstance(o, set) else super().default(o)


print(json.dumps({"s": {2, 1}}, cls=Encoder), json.dumps(1 + 2j, default=str))
print(json.loads('{"x": 1, "y": 2}', object_hook=lambda d: sorted(d.items())), json.loads("1.10", parse_float=str))
import io

print(json.load(io.StringIO("[true]")))
out = io.StringIO()
json.dump({"a": (1, 2)}, out)
print(out.getvalue())
