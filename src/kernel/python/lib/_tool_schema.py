# What a function's annotations and docstring say, as JSON Schema (draft 2020-12).

import re
import sys

_PLAIN = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    set: {"type": "array", "uniqueItems": True},
    frozenset: {"type": "array", "uniqueItems": True},
    dict: {"type": "object"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    object: {},
}


def spec(function, name, description, schema):
    """What a tool says of itself, and what makes of JSON the values that the annotations speak of."""
    doc = _doc(function)
    about, parameters = _sections(doc)
    name = name or getattr(function, "__name__", "")
    known, makers = ({}, _makers(function)) if schema else _of_function(function, parameters)
    told = {
        "name": name,
        "description": description or about or f"The function {name} of a cell.",
        "input_schema": schema or known,
    }
    output = _of_result(function)
    if output is not None:
        told["output_schema"] = output
    return told, makers


def _doc(function):
    import textwrap

    doc = function.__doc__ or ""
    first, _, rest = doc.partition("\n")
    return (first.strip() + "\n" + textwrap.dedent(rest)).strip()


def _of_function(function, about):
    code = _code(function)
    called = getattr(function, "__name__", "the function")
    if code.co_posonlyargcount:
        raise TypeError(f"{called}: a tool takes its arguments by name: no / in its parameters")
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[_bound(function) : count]
    if code.co_flags & 0x04:
        raise TypeError(f"{called}: a tool takes its arguments by name: no *{code.co_varnames[count]}")
    takes_more = bool(code.co_flags & 0x08)
    hints, scope = _annotations(function), function.__globals__
    defaults = dict(zip(code.co_varnames[code.co_argcount - len(function.__defaults__ or ()) :], function.__defaults__ or ()))
    defaults.update(function.__kwdefaults__ or {})
    properties, required, makers = {}, [], {}
    for name in names:
        schema = {}
        if name in hints:
            try:
                schema, make = _read(hints[name], scope)
            except TypeError as error:
                raise TypeError(f"{called}: {name}: {error}") from None
            if make is not None:
                makers[name] = make
        if name in about:
            schema.setdefault("description", about[name])
        if name not in defaults:
            required.append(name)
        elif defaults[name] is None and "type" in schema and schema["type"] != "null":
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            schema["type"] = kinds + ([] if "null" in kinds else ["null"])
        elif defaults[name] is not None and _is_json(defaults[name]):
            schema["default"] = defaults[name]
        properties[name] = schema
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    if not takes_more:
        schema["additionalProperties"] = False
    return schema, makers


def _code(function):
    code = getattr(function, "__code__", None)
    if code is None or not hasattr(function, "__globals__"):
        kind = type(function).__name__
        name = getattr(function, "__name__", repr(function))
        raise TypeError(f"{name} ({kind}) has no signature to read: wrap it in a def, with annotations")
    return code


def _bound(function):
    """How many of the first parameters are given: the self of a bound method."""
    return int(getattr(function, "__self__", None) is not None and hasattr(function, "__func__"))


def _is_json(value):
    if not isinstance(value, (str, int, float, bool, list, dict)):
        return False
    import json

    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _annotations(function):
    return getattr(function, "__annotations__", None) or {}


def _makers(function):
    """For a function whose schema is given: what its annotations make of what fits them."""
    makers = {}
    if hasattr(function, "__globals__"):
        for name, hint in _annotations(function).items():
            try:
                schema, make = _read(hint, function.__globals__)
            except TypeError:
                continue
            if make is not None:
                makers[name] = lambda value, schema=schema, make=make: make(value) if _fits(schema, value) else value
    return makers


def _of_result(function):
    """The schema of `structured`, an object: what is none is in one, under "result"."""
    hint = _annotations(function).get("return")
    if hint is None:
        return None
    try:
        schema, _ = _read(hint, function.__globals__, of_output=True)
    except (TypeError, AttributeError):
        return None
    kinds = _kinds(schema)
    if kinds == {"object"} and schema.get("type") == "object":
        return schema
    if not kinds or "object" in kinds or kinds == {"null"}:
        return None
    return {"type": "object", "properties": {"result": schema}, "required": ["result"], "additionalProperties": False}


def _kinds(schema):
    """The types that a value can have; none if it can have any."""
    if "enum" in schema:
        return {_kind(value) for value in schema["enum"]}
    if "anyOf" in schema:
        parts = [_kinds(part) for part in schema["anyOf"]]
        return set().union(*parts) if all(parts) else set()
    kind = schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)


# Annotations ---------------------------------------------------------------------------------------


def _read(hint, scope, of_output=False, inside=()):
    """The schema of an annotation, and a function that makes its value of one of JSON: None where
    that is the value already. `scope` has the names for annotations that are texts; `inside` are
    the classes that it is a field of."""
    read = lambda hint: _read(hint, scope, of_output, inside)
    if isinstance(hint, str) or type(hint).__name__ == "ForwardRef":
        import typing

        text = hint if isinstance(hint, str) else hint.__forward_arg__
        try:
            meant = eval(text, {**vars(typing), **scope})
        except Exception as error:
            raise TypeError(f"the annotation {text!r}: {error}") from None
        return read(meant)
    try:
        if hint in _PLAIN:
            return dict(_PLAIN[hint]), _PLAIN_MAKERS.get(hint)
    except TypeError:
        pass
    origin, arguments = getattr(hint, "__origin__", None), getattr(hint, "__args__", ())
    called = str(getattr(origin, "__name__", "")) or str(origin).rpartition(".")[2]
    metadata = getattr(hint, "__metadata__", None)
    if metadata is not None:
        schema, make = read(hint.__origin__)
        for item in metadata:
            if isinstance(item, str):
                schema["description"] = item
            elif isinstance(item, dict):
                schema.update(item)
        return schema, make
    if called in ("Required", "NotRequired", "ReadOnly"):
        return read(arguments[0])
    if origin in (list, set, frozenset) or called in ("Sequence", "Iterable", "Collection"):
        items, make = read(arguments[0]) if arguments else ({}, None)
        schema = {"type": "array", "items": items}
        if origin in (set, frozenset):
            schema["uniqueItems"] = True
            return schema, lambda value: origin(_each(make, value))
        return schema, make and (lambda value: _each(make, value))
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            items, make = read(arguments[0])
            return {"type": "array", "items": items}, lambda value: tuple(_each(make, value))
        parts = [read(item) for item in arguments if item != ()]
        items, makers = [schema for schema, _ in parts], [make for _, make in parts]
        schema = {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
        return schema, lambda value: tuple(_made(make, item) for make, item in zip(makers, value))
    if origin is dict or called == "Mapping":
        items, make = read(arguments[1])
        key = {int: int, float: float}.get(arguments[0])
        schema = {"type": "object", "additionalProperties": items}
        if make is None and key is None:
            return schema, None
        return schema, lambda value: {_made(key, name): _made(make, item) for name, item in value.items()}
    if type(hint).__name__ in ("UnionType", "_UnionGenericAlias", "Union") or str(origin) == "typing.Union":
        return _of_union([read(item) for item in arguments])
    if type(hint).__name__ == "_LiteralGenericAlias" or str(origin) == "typing.Literal":
        return {"enum": list(arguments)}, None
    if str(hint) == "typing.Any":
        return {}, None
    if isinstance(hint, type):
        if hint.__name__ == "Image" and hint.__module__ == "companion":
            if of_output:
                raise TypeError("a picture is no JSON")
            about = "A picture: a path, or the handle of an earlier result."
            return {"type": "string", "description": about}, hint._given
        if hasattr(hint, "__members__"):
            return {"enum": [member.value for member in hint]}, lambda value: _member(hint, value)
        if hint in inside:
            # As deep as its values are: nobody can write that down without names.
            return {"type": "object"}, lambda value: _read(hint, scope, of_output)[1](value)
        # A class may be of another file than the function.
        module = sys.modules.get(hint.__module__)
        scope = {**scope, **vars(module)} if module is not None else scope
        field = lambda hint_of: _read(hint_of, scope, of_output, (*inside, hint))
        if hasattr(hint, "__dataclass_fields__"):
            return _of_dataclass(hint, field, of_output)
        if hasattr(hint, "__required_keys__"):
            parts = {name: field(part) for name, part in _annotations(hint).items()}
            return _of_fields(parts, sorted(hint.__required_keys__), dict)
    raise TypeError(f"no JSON Schema is known for {hint!r}: give the tool one, by schema=")


def _of_dataclass(kind, read, of_output):
    import dataclasses

    fields = [field for field in dataclasses.fields(kind) if field.init or of_output]
    bare = lambda field: field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    required = [field.name for field in fields if of_output or bare(field)]
    return _of_fields({field.name: read(field.type) for field in fields}, required, kind)


def _of_fields(parts, required, kind):
    properties = {name: schema for name, (schema, _) in parts.items()}
    makers = {name: make for name, (_, make) in parts.items()}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return schema, lambda value: kind(**{name: _made(makers.get(name), item) for name, item in value.items()})


def _of_union(parts):
    schemas = [schema for schema, _ in parts]

    def make(value):
        fitting = [make for schema, make in parts if _fits(schema, value)]
        # What could be several things stays what it is.
        return _made(fitting[0], value) if len(fitting) == 1 else value

    make = make if any(make is not None for _, make in parts) else None
    if all(set(schema) == {"type"} and isinstance(schema["type"], str) for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}, make
    return {"anyOf": schemas}, make


# Values --------------------------------------------------------------------------------------------


def _made(make, value):
    return value if make is None or value is None else make(value)


def _each(make, values):
    return [_made(make, value) for value in values]


def _bytes(value):
    import binascii

    return value if isinstance(value, bytes) else binascii.a2b_base64(value)


# 3.0 is an integer in JSON.
_PLAIN_MAKERS = {int: int, bytes: _bytes, set: set, frozenset: frozenset, tuple: tuple}


def _member(kind, value):
    # By what is equal: a member's value may be a list, or a tuple that JSON has as one.
    same = (member for member in kind if member.value == value or _listed(member.value) == value)
    return next(same, None) or kind(value)


def _listed(value):
    return list(value) if isinstance(value, tuple) else value


def _kind(value):
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return name
    if value is None:
        return "null"
    return "object" if isinstance(value, dict) else "array"


def _fits(schema, value):
    """Whether a value is of the type that a schema of ours has."""
    if "enum" in schema:
        return value in schema["enum"]
    if "anyOf" in schema:
        return any(_fits(part, value) for part in schema["anyOf"])
    kind, kinds = _kind(value), _kinds(schema)
    if kinds and kind not in kinds and not (kind == "integer" and "number" in kinds):
        return False
    if kind == "object" and "properties" in schema:
        properties = schema["properties"]
        if not all(name in value for name in schema.get("required", ())):
            return False
        return all(name in properties and _fits(properties[name], item) for name, item in value.items())
    if kind == "array" and "items" in schema:
        return all(_fits(schema["items"], item) for item in value)
    return True


# Docstrings ----------------------------------------------------------------------------------------

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
