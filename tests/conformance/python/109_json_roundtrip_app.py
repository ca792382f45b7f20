import json
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import Enum


class Status(Enum):
    TODO = "todo"
    DONE = "done"


@dataclass
class Task:
    title: str
    due: date
    status: Status = Status.TODO
    tags: list[str] = field(default_factory=list)


class Codec(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, date):
            return {"$date": o.isoformat()}
        if isinstance(o, Enum):
            return {"$enum": o.value}
        return super().default(o)


def decode(d):
    if "$date" in d:
        return date.fromisoformat(d["$date"])
    if "$enum" in d:
        return Status(d["$enum"])
    return d


tasks = [Task("write", date(2024, 5, 1), tags=["a", "b"]), Task("test", date(2024, 4, 1), Status.DONE)]
text = json.dumps([asdict(t) for t in tasks], cls=Codec, indent=1)
print(text)
back = [Task(**d) for d in json.loads(text, object_hook=decode)]
print(back == tasks, sorted(back, key=lambda t: t.due)[0].title)
summary = {}
for t in back:
    summary.setdefault(t.status.name, []).append(t.title)
print(json.dumps(summary, sort_keys=True), json.dumps({"k": [1, {"n": None}]}, separators=(",", ":")), json.dumps("☃", ensure_ascii=False))
try:
    json.dumps(object())
except TypeError as error:
    print(error)
