"""companion's tools as functions, functions as tools, and pictures as values.

    from companion import imagine, show, tool
    fox = imagine("a fox in the snow")      # an Image, shown below the cell
    fox.resize(width=128).blur(2)
    help(imagine)                           # what it takes; dir(companion) has them all

Whatever a tool does is asked of the same policy as everywhere, with the origin "sandbox".
"""

import json as _json

# Tools of this interpreter, by name.
_functions = {}
# What the desk says of data that are no picture.
_EINVAL = 22


class ToolError(Exception):
    """A tool gave no result. `kind` is one of MCP's and ours: unknown_tool, invalid_arguments, denied,
    rate_limited, timed_out, failed, cancelled; `violations` tells what is wrong with arguments; `output`
    is what a tool gave that failed by its own account."""

    def __init__(self, message, kind="failed", tool=None, violations=(), output=None):
        super().__init__(message)
        self.kind = kind
        self.tool = tool
        self.violations = list(violations)
        self.output = output


def _ask(question):
    answer = _native["desk"](_json.dumps(question))
    return None if answer is None else _json.loads(answer)


# Pictures ------------------------------------------------------------------------------------------


class Image:
    """A picture, by its handle: the pixels are with companion, and no operation changes it. Each gives
    a new one. Names and units are Pillow's, boxes are (left, upper, right, lower)."""

    __slots__ = ("handle", "width", "height", "format", "name")

    def __init__(self, handle, width, height, format="image/png", name=""):
        for key, value in zip(Image.__slots__, (handle, width, height, format, name)):
            object.__setattr__(self, key, value)

    def __setattr__(self, name, value):
        raise AttributeError("an Image does not change: its methods give a new one")

    @classmethod
    def _of(cls, artifact):
        return cls(*(artifact[key] for key in ("blob", "width", "height", "media_type", "name")))

    @classmethod
    def _given(cls, image):
        """The picture of an argument of a tool: a handle, or a path."""
        return image if isinstance(image, Image) else call("show_image", image=image)

    @classmethod
    def open(cls, path):
        """The picture in a file, byte for byte: in the project's folder, by the policy of show_image
        (which shows nothing to who calls it); or anywhere that this cell may read."""
        try:
            with open(path, "rb") as file:
                return cls.from_bytes(file.read(), name=str(path).rpartition("/")[2])
        except PermissionError:
            return call("show_image", image=str(path))

    @classmethod
    def from_bytes(cls, data, name="picture"):
        """The picture that the bytes of a PNG, JPEG, WebP or GIF file are."""
        return cls._kept(name, data, 0, 0)

    @classmethod
    def from_pixels(cls, width, height, data, name="picture.png"):
        """A picture of pixels: red, green, blue and alpha of each, a byte each, row by row."""
        return cls._kept(name, data, width, height)

    @classmethod
    def _kept(cls, name, data, width, height):
        try:
            return cls._of(_json.loads(_native["desk_keep"](name, bytes(data), width, height)))
        except OSError as error:
            if error.errno != _EINVAL:
                raise
            raise ValueError(error.strerror) from None

    @property
    def size(self):
        return (self.width, self.height)

    def _bytes(self, pixels):
        handle = _native["desk_open"](self.handle, pixels)
        try:
            pieces = []
            while piece := _native["file_read"](handle, 1 << 20):
                pieces.append(piece)
            return b"".join(pieces)
        finally:
            _native["file_close"](handle)

    def read(self):
        """The bytes of its file."""
        return self._bytes(False)

    def pixels(self):
        """Its pixels: red, green, blue and alpha of each, a byte each, row by row."""
        return self._bytes(True)

    def getpixel(self, xy):
        """The colour at (x, y): (red, green, blue, alpha)."""
        x, y = xy
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise IndexError(f"{xy} is outside of {self.width}×{self.height}")
        return tuple(self.crop((x, y, x + 1, y + 1)).pixels())

    def save(self, path):
        """Writes it to a file: PNG, JPEG, WebP or GIF by the ending. Where this cell may not write
        (/allow write FOLDER), save_image does it, in the project's folder, if the policy lets it; if not,
        it says so, and under which handle the picture is kept."""
        name = str(path).rpartition("/")[2]
        ending = name.rpartition(".")[2].lower()
        format = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "webp": "webp", "gif": "gif"}.get(ending)
        if format is None:
            raise ValueError(f"{name!r}: the ending of a picture is .png, .jpg, .webp or .gif")
        image = self if self.format == "image/" + format else self.convert(format)
        try:
            with open(path, "wb") as file:
                file.write(image.read())
        except PermissionError:
            image._save_by_tool(path)
        return image

    def _save_by_tool(self, path):
        try:
            call("save_image", image=self.handle, path=str(path), overwrite=True)
        except ToolError as error:
            if error.kind != "denied":
                raise
            import sys

            said = f"{path} is not written: {error}; the picture is kept as {self.handle}"
            print(said, file=sys.stderr)

    # Editing -----------------------------------------------------------------------------------------

    def edit(self, *edits, sources=None, format="png", quality=None):
        """Does operations of edit_image, one after the other: help(companion.edit_image)."""
        more = {} if quality is None else {"quality": quality}
        if sources:
            more["sources"] = {name: _handle(image) for name, image in sources.items()}
        return call("edit_image", image=self.handle, edits=list(edits), format=format, **more)

    def crop(self, box=None, *, x=0, y=0, width=None, height=None):
        if box is not None:
            x, y, right, lower = box
            width, height = right - x, lower - y
        width = self.width - x if width is None else width
        height = self.height - y if height is None else height
        return self.edit({"op": "crop", "x": x, "y": y, "width": width, "height": height})

    def resize(self, size=None, *, width=None, height=None, mode=None, filter="lanczos"):
        if size is not None:
            width, height = size
            mode = mode or "exact"
        edit = {"op": "resize", "width": width, "height": height, "mode": mode or "fit", "filter": filter}
        return self.edit(edit)

    def thumbnail(self, size):
        return self.edit({"op": "thumbnail", "width": size[0], "height": size[1]})

    def rotate(self, degrees, *, expand=False):
        return self.edit({"op": "rotate", "degrees": degrees, "expand": expand})

    def flip(self, direction="vertical"):
        return self.edit({"op": "flip", "direction": direction})

    def mirror(self):
        return self.flip("horizontal")

    def pad(self, left=0, top=0, right=0, bottom=0, color="black"):
        edit = {"op": "pad", "left": left, "top": top, "right": right, "bottom": bottom, "color": color}
        return self.edit(edit)

    def border(self, width, color="black"):
        return self.edit({"op": "border", "width": width, "color": color})

    def brightness(self, factor):
        return self.edit({"op": "brightness", "factor": factor})

    def contrast(self, factor):
        return self.edit({"op": "contrast", "factor": factor})

    def saturation(self, factor):
        return self.edit({"op": "saturation", "factor": factor})

    def hue(self, degrees):
        return self.edit({"op": "hue", "degrees": degrees})

    def grayscale(self):
        return self.edit({"op": "grayscale"})

    def invert(self):
        return self.edit({"op": "invert"})

    def sepia(self, amount=1.0):
        return self.edit({"op": "sepia", "amount": amount})

    def gamma(self, gamma):
        return self.edit({"op": "gamma", "gamma": gamma})

    def blur(self, radius=2.0):
        return self.edit({"op": "blur", "radius": radius})

    def sharpen(self, radius=2.0, percent=150.0, threshold=3):
        edit = {"op": "sharpen", "radius": radius, "percent": percent, "threshold": threshold}
        return self.edit(edit)

    def paste(self, image, position=(0, 0), opacity=1.0):
        x, y = position
        edit = {"op": "paste", "source": "image", "x": x, "y": y, "opacity": opacity}
        return self.edit(edit, sources={"image": image})

    def text(self, text, position=(0, 0), size=24, color="black"):
        x, y = position
        edit = {"op": "text", "text": text, "x": x, "y": y, "size": size, "color": color}
        return self.edit(edit)

    def convert(self, format, quality=None):
        """The same picture as png, jpeg, webp or gif."""
        return self.edit(format=format, quality=quality)

    def compare(self, other):
        """How much another picture of the same size differs: a dict with PSNR, SSIM and the rest."""
        return call("compare_images", left=self.handle, right=_handle(other))

    def _repr_png_(self):
        return self.read() if self.format == "image/png" else self.convert("png").read()

    def __eq__(self, other):
        return isinstance(other, Image) and self.handle == other.handle

    def __hash__(self):
        return hash(self.handle)

    def __repr__(self):
        return f"<Image {self.name!r} {self.width}×{self.height} {self.handle[:12]}>"


def _handle(image):
    return image.handle if isinstance(image, Image) else str(image)


def show(*images):
    """Shows pictures below the cell: Images, or whatever has Jupyter's _repr_png_."""
    for image in images:
        if not isinstance(image, Image):
            make = getattr(image, "_repr_png_", None)
            data = image if isinstance(image, (bytes, bytearray)) else make() if make else None
            if data is None:
                raise TypeError(f"{type(image).__name__} can't be shown: an Image can, or PNG bytes")
            image = Image.from_bytes(data)
        _ask({"show": {"image": image.handle, "name": image.name}})


def progress(done, total=None, message=None):
    """Tells how far the cell is, for the line below it. Or, given something to iterate over, gives its
    items and tells on the way: `for item in progress(items): ...`."""
    if hasattr(done, "__iter__"):
        return _Progress(done, total, message)
    _ask({"progress": {"done": float(done), "total": total and float(total), "message": message}})


class _Progress:
    """Tells of items on the way. No generator: one that is interrupted is closed, in vain and aloud."""

    def __init__(self, items, total, message):
        self._items = iter(items)
        self._total = len(items) if total is None and hasattr(items, "__len__") else total
        self._message = message
        self._count = 0
        self._last = 0.0

    def __iter__(self):
        return self

    def __next__(self):
        import time

        item = next(self._items)
        now = time.monotonic()
        if now - self._last >= 0.05:
            self._last = now
            progress(self._count, self._total, self._message)
        self._count += 1
        return item


# Calling tools -------------------------------------------------------------------------------------


def _plain(value, is_result=False):
    """A value as JSON has it; pictures are their handles. Of a dataclass's fields those go to a tool
    that one is made with."""
    if isinstance(value, Image):
        return value.handle
    if isinstance(value, dict):
        return {str(key): _plain(item, is_result) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, is_result) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise ValueError(f"JSON has no {value!r}: NaN and infinity can go to no tool and come from none")
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, (bytes, bytearray)):
        import binascii

        return binascii.b2a_base64(value, newline=False).decode()
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        import dataclasses

        fields = (field for field in dataclasses.fields(value) if field.init or is_result)
        return {field.name: _plain(getattr(value, field.name), is_result) for field in fields}
    if hasattr(value, "value") and hasattr(type(value), "__members__"):
        return value.value
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    raise TypeError(f"{type(value).__name__} is nothing that a tool can be given")


def _raise(error, name, output=None):
    raise ToolError(
        error["message"], error["kind"], name, error.get("violations", ()), output
    ) from None


def call(name, /, _no_cache=False, **arguments):
    """Calls a tool by its name. Gives an Image or a list of them, its structured result, or its text."""
    return _called(name, arguments, bool(_no_cache), None)


# What a call gives of a tool that is another one than its caller knows.
_CHANGED = object()


def _called(name, arguments, renew, known):
    own = _functions.get(name)
    if own is not None:
        return own._call(arguments)
    arguments = _json.dumps(_plain(arguments))
    question = {"name": name, "arguments": arguments, "renew": renew, "known": known}
    answer = _ask({"call": question})
    if "error" in answer:
        _raise(answer["error"], name)
    return _CHANGED if "changed" in answer else _result(name, answer)


def _result(name, answer):
    content = answer["content"]
    text = "\n".join(item["text"] for item in content if item["type"] == "text")
    structured = answer.get("structured")
    if answer.get("is_error"):
        message = text.rstrip() or _json.dumps(structured)
        raise ToolError(message, "failed", name, (), structured) from None
    images = [Image._of(item["artifact"]) for item in content if item["type"] == "image"]
    if images:
        return images[0] if len(images) == 1 else images
    if isinstance(structured, dict) and list(structured) == ["result"]:
        return structured["result"]
    if structured is not None:
        return structured
    values = [item["value"] for item in content if item["type"] == "json"]
    return values[0] if len(values) == 1 and not text else text


# Functions of tools --------------------------------------------------------------------------------

_KINDS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "dict",
    "null": "None",
}


def _annotation(schema):
    kind = schema.get("type") if isinstance(schema, dict) else None
    kinds = [kind] if isinstance(kind, str) else kind or []
    return " | ".join(_KINDS.get(kind, "object") for kind in kinds) or "object"


def _source(spec):
    """The text of a function that takes what a tool takes, and gives its arguments: so help() and
    errors read as of any other function."""
    import keyword

    schema = spec["input_schema"]
    properties = schema.get("properties") or {}
    required = [name for name in schema.get("required") or () if name in properties]
    usable = lambda name: name.isidentifier() and not keyword.iskeyword(name)
    if not all(usable(name) for name in properties):
        properties, required = {}, []
    optional = [name for name in properties if name not in required]
    parameters = [f"{name}: {_annotation(properties[name])!r}" for name in required]
    if optional:
        parameters.append("*")
        parameters += [f"{name}: {_annotation(properties[name])!r} = None" for name in optional]
    if not properties:
        parameters.append("**arguments")
    lines = [spec["description"], ""]
    for name in required + optional:
        about = properties[name].get("description", "") if isinstance(properties[name], dict) else ""
        lines.append(f"{name}: {about}".rstrip())
    doc = "\n".join(lines).strip()
    given = ", ".join(f"{name!r}: {name}" for name in required)
    lines = [f"def {spec['name'].replace('/', '_')}({', '.join(parameters)}):", f"    {doc!r}"]
    lines.append(f"    given = {{{given}}}" if properties else "    given = dict(arguments)")
    for name in optional:
        lines.append(f"    if {name} is not None: given[{name!r}] = {name}")
    lines.append("    return given")
    return "\n".join(lines)


def _add(spec):
    """Makes a function of a tool; those of servers are attributes of their server's name."""
    name = spec["name"]
    space, _, base = name.rpartition("/")
    if not base.isidentifier() or (space and not space.isidentifier()):
        return
    home = globals()
    if space:
        import types

        held = home.get(space)
        if held is None:
            held = home[space] = types.SimpleNamespace()
        elif not isinstance(held, types.SimpleNamespace):
            return
        home = held.__dict__
    elif base in home and base not in _known:
        return
    if name in _binders and _binders[name][1] == spec["fingerprint"]:
        return
    names = {"__name__": "companion"}
    exec(compile(_source(spec), f"<companion tool {name}>", "exec"), names)
    bind = names[name.replace("/", "_")]

    def function(*given, **named):
        return _invoke(name, given, named)

    for of in ("__name__", "__qualname__", "__doc__"):
        setattr(function, of, getattr(bind, of))
    # What inspect, and so help(), takes the signature of.
    function.__wrapped__ = bind
    home[base] = function
    _known.add(name)
    _binders[name] = (bind, spec["fingerprint"])


_known = set()
# By the name of a tool: what makes its arguments of what is given, and the fingerprint of the tool
# that it is made for. Tools change: other cells, kernels and servers have them.
_binders = {}


def _invoke(name, given, named):
    for is_again in (False, True):
        bind, known = _binders.get(name) or _renewed(name)
        try:
            arguments = bind(*given, **named)
        except TypeError:
            if is_again or _renewed(name)[1] == known:
                raise
            continue
        result = _called(name, arguments, False, known)
        if result is not _CHANGED:
            return result
        _renewed(name)
    return call(name, **arguments)


def _renewed(name):
    refresh(servers="/" in name)
    if name not in _binders:
        raise ToolError(f"there is no tool {name!r} any more", "unknown_tool", name)
    return _binders[name]


def refresh(servers=True):
    """Looks anew which tools there are, those of MCP servers with them, and gives their names."""
    specs = _ask({"list": {"of_servers": servers}})
    for spec in specs:
        _add(spec)
    names = {spec["name"] for spec in specs}
    for name in [name for name in _binders if name not in names and (servers or "/" not in name)]:
        del _binders[name]
    return [spec["name"] for spec in specs]


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module 'companion' has no attribute {name!r}")
    names = refresh()
    if name in globals():
        return globals()[name]
    near = _near(name, names)
    meant = f"; did you mean {near}?" if near else ""
    raise AttributeError(f"there is no tool {name!r}{meant}")


def _near(name, names):
    from difflib import get_close_matches

    return " or ".join(get_close_matches(name, names, 2))


# Functions as tools --------------------------------------------------------------------------------


class _Tool:
    """What is known of a function that is a tool."""

    def __init__(self, function, spec, makers):
        self.function = function
        self.spec = spec
        self.makers = makers

    def _call(self, arguments):
        """Calls it here, with arguments that fit."""
        question = {"name": self.spec["name"], "arguments": _json.dumps(_plain(arguments))}
        answer = _ask({"check": question})
        if "error" in answer:
            _raise(answer["error"], self.spec["name"])
        given = dict(answer["arguments"])
        for name, value in arguments.items():
            if isinstance(value, Image):
                given[name] = value
        return self._run(given)

    def _run(self, arguments):
        arguments = dict(arguments)
        for name, make in self.makers.items():
            if arguments.get(name) is not None:
                arguments[name] = make(arguments[name])
        result = self.function(**arguments)
        if hasattr(result, "__await__"):
            import asyncio

            result = asyncio.run(_wait(result))
        return result


async def _wait(awaitable):
    return await awaitable


def tool(function=None, /, *, name=None, description=None, schema=None, tags=()):
    """Makes a function a tool: `@tool`, or `@tool(name=..., description=...)`. Its annotations and its
    docstring are the schema, unless there is one; called as a tool it gets values of the annotated
    types. It stays a function that can be called."""
    if function is None:
        return lambda function: tool(
            function, name=name, description=description, schema=schema, tags=tags
        )
    import _tool_schema

    spec, makers = _tool_schema.spec(function, name, description, schema)
    spec["tags"] = list(tags)
    made = _Tool(function, spec, makers)
    try:
        function.__tool__ = made
    except AttributeError:
        pass
    _register(made)
    return function


def _register(made):
    name = made.spec["name"]
    answer = _ask({"register": {"spec": _json.dumps(made.spec)}})
    if answer is not None and "error" in answer:
        _raise(answer["error"], name)
    _functions[name] = made
    _binders.pop(name, None)


def remove_tool(name):
    """Takes a tool away that a cell has registered. Whether there was one."""
    was_there = _functions.pop(name, None) is not None
    if was_there:
        _ask({"unregister": {"name": name}})
    return was_there


def _run(name, arguments):
    """Runs a tool of ours for somebody else: JSON in, JSON out."""
    made = _functions.get(name)
    if made is None:
        raise LookupError(f"the cell that made {name} a tool was taken back: run it again")
    return _json.dumps(_output(made._run(_json.loads(arguments)), made.spec))


def _output(result, spec):
    if isinstance(result, Image):
        images = [result]
    elif isinstance(result, (list, tuple)) and result and all(isinstance(i, Image) for i in result):
        images = list(result)
    else:
        images = []
    if images:
        return {"images": [image.handle for image in images]}
    if isinstance(result, str):
        return {"text": result, "structured": {"result": result}}
    if result is None and "output_schema" not in spec:
        return {"text": "done"}
    value = _plain(result, is_result=True)
    return {"structured": value if isinstance(value, dict) else {"result": value}}


try:
    refresh(servers=False)
except PermissionError:
    # Without tools pictures and schemas can still be spoken of; a call says what is missing.
    pass

__all__ = sorted(name for name in globals() if not name.startswith("_"))
