# JSON out and in, pretty and sorted.
import json

data = {"b": [1, 2.5, None, True], "a": {"text": "naïve \u2603", "nested": [[]]}}
text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
print(text)
print(json.loads(text) == data, json.dumps("é"))
