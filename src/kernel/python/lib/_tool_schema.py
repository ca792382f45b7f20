# What a function's annotations and docstring say, as JSON Schema (draft 2020-12).

import re

_PLAIN = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    set: {"type": "array", "uniqueItems": True},
    dict: {"type": "object"},
    type(None): {"type": "null"},
    object: {},
}


def spec(function, name, description, schema):
    doc = _doc(function)
    about, parameters = _sections(doc)
    name = name or getattr(function, "__name__", "")
    return {
        "name": name,
        "description": description or about or f"The function {name} of a cell.",
        "input_schema": schema or _of_function(function, parameters),
    }


def _doc(function):
    import textwrap

    doc = function.__doc__ or ""
    first, _, rest = doc.partition("\n")
    return (first.strip() + "\n" + textwrap.dedent(rest)).strip()


def _of_function(function, about):
    code = function.__code__
    hints = _hints(function)
    if code.co_posonlyargcount:
        raise TypeError(f"{function.__name__}: a tool takes its arguments by name: no / in its parameters")
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[:count]
    if code.co_flags & 0x04:
        raise TypeError(f"{function.__name__}: a tool takes its arguments by name: no *{code.co_varnames[count]}")
    takes_more = bool(code.co_flags & 0x08)
    defaults = dict(zip(code.co_varnames[code.co_argcount - len(function.__defaults__ or ()) :], function.__defaults__ or ()))
    defaults.update(function.__kwdefaults__ or {})
    properties, required = {}, []
    for name in names:
        schema = dict(_of_type(hints[name])) if name in hints else {}
        if name in about:
            schema.setdefault("description", about[name])
        if name not in defaults:
            required.append(name)
        elif isinstance(defaults[name], (str, int, float, bool, list, dict)):
            schema["default"] = defaults[name]
        elif defaults[name] is None and "type" in schema and schema["type"] != "null":
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            schema["type"] = kinds + ([] if "null" in kinds else ["null"])
        properties[name] = schema
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    if not takes_more:
        schema["additionalProperties"] = False
    return schema


def _hints(function):
    hints = {}
    for name, hint in (getattr(function, "__annotations__", None) or {}).items():
        if isinstance(hint, str):
            import typing

            names = {**vars(typing), **function.__globals__}
            try:
                hint = eval(hint, names)
            except Exception as error:
                raise TypeError(f"{function.__name__}: the annotation {hint!r} of {name}: {error}") from None
        hints[name] = hint
    return hints


def _of_type(hint):
    try:
        if hint in _PLAIN:
            return dict(_PLAIN[hint])
    except TypeError:
        pass
    origin, arguments = getattr(hint, "__origin__", None), getattr(hint, "__args__", ())
    metadata = getattr(hint, "__metadata__", None)
    if metadata is not None:
        schema = _of_type(hint.__origin__)
        for item in metadata:
            if isinstance(item, str):
                schema["description"] = item
            elif isinstance(item, dict):
                schema.update(item)
        return schema
    if origin in (list, set, frozenset) or getattr(origin, "__name__", "") in ("Sequence", "Iterable", "Collection"):
        schema = {"type": "array", "items": _of_type(arguments[0])} if arguments else {"type": "array"}
        if origin in (set, frozenset):
            schema["uniqueItems"] = True
        return schema
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"type": "array", "items": _of_type(arguments[0])}
        items = [_of_type(item) for item in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is dict or getattr(origin, "__name__", "") == "Mapping":
        return {"type": "object", "additionalProperties": _of_type(arguments[1])}
    kind = type(hint).__name__
    if kind in ("UnionType", "_UnionGenericAlias", "Union") or str(origin) == "typing.Union":
        return _of_union([_of_type(item) for item in arguments])
    if kind == "_LiteralGenericAlias" or str(origin) == "typing.Literal":
        return {"enum": list(arguments)}
    if str(hint) == "typing.Any":
        return {}
    if isinstance(hint, type):
        if hint.__name__ == "Image" and hint.__module__ == "companion":
            return {"type": "string", "description": "A picture: a path, or the handle of an earlier result."}
        if hasattr(hint, "__members__"):
            return {"enum": [member.value for member in hint]}
        if hasattr(hint, "__dataclass_fields__"):
            return _of_fields(_hints_of(hint), [n for n, f in hint.__dataclass_fields__.items() if _is_bare(f)])
        if hasattr(hint, "__required_keys__"):
            return _of_fields(_hints_of(hint), sorted(hint.__required_keys__))
    raise TypeError(f"no JSON Schema is known for {hint!r}: give the tool one, by schema=")


def _is_bare(field):
    return type(field.default).__name__ == "_MISSING_TYPE" and type(field.default_factory).__name__ == "_MISSING_TYPE"


def _hints_of(kind):
    return getattr(kind, "__annotations__", None) or {}


def _of_fields(hints, required):
    properties = {name: _of_type(hint) for name, hint in hints.items()}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return schema


def _of_union(schemas):
    if all(set(schema) == {"type"} and isinstance(schema["type"], str) for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


# The three ways in which parameters are written about: Google's, NumPy's, and reStructuredText's.
_HEADS = ("args:", "arguments:", "parameters:", "parameters")


def _sections(doc):
    about = {}
    for match in re.finditer(r"^:param (?:[^:]*\s)?(\w+):\s*(.*)$", doc, re.M):
        about[match[1]] = match[2].strip()
    if about:
        return doc[: doc.index(":param")].strip(), about
    lines = doc.split("\n")
    head = next((at for at, line in enumerate(lines) if line.strip().lower() in _HEADS), None)
    if head is None:
        return re.split(r"^(?:returns|raises):?\s*$", doc, flags=re.M | re.I)[0].strip(), about
    body = lines[head + 1 :]
    if body and set(body[0].strip()) == {"-"}:
        name = None
        for line in body[1:]:
            if not line.strip() or set(line.strip()) == {"-"}:
                name = None
            elif not line.startswith(" "):
                name = re.match(r"(\w+)", line) and re.match(r"(\w+)", line)[1]
            elif name:
                about[name] = f"{about.get(name, '')} {line.strip()}".strip()
    else:
        name = None
        for line in body:
            if line.strip() and not line.startswith(" "):
                break
            match = re.match(r"\s+(\w+)\s*(?:\([^)]*\))?:\s*(.*)$", line)
            if match:
                name = match[1]
                about[name] = match[2].strip()
            elif name and line.strip():
                about[name] += " " + line.strip()
    return "\n".join(lines[:head]).strip(), about
