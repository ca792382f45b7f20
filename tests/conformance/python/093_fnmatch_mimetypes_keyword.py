import colorsys
import fnmatch
import keyword
import mimetypes
import reprlib
import stat

print(fnmatch.fnmatch("file.txt", "*.txt"), fnmatch.filter(["a.py", "b.txt", "c.py"], "*.py"), fnmatch.fnmatchcase("A", "a"), fnmatch.fnmatch("x1", "x[0-9]"))
print(mimetypes.guess_type("a.html"), mimetypes.guess_type("b.json"), mimetypes.guess_extension("image/png"))
print(keyword.iskeyword("for"), keyword.iskeyword("match"), keyword.issoftkeyword("match"), len(keyword.kwlist))
print(reprlib.repr(list(range(100))), reprlib.repr("x" * 100), reprlib.repr({i: i for i in range(10)}))
print(colorsys.rgb_to_hsv(1, 0, 0), colorsys.hsv_to_rgb(0.5, 1, 1), [round(v, 3) for v in colorsys.rgb_to_hls(0.2, 0.4, 0.6)])
print(stat.filemode(0o100644), stat.S_ISDIR(0o040755), oct(stat.S_IMODE(0o100755)))


class R:
    @reprlib.recursive_repr()
    def __repr__(self):
        return f"<R {self.me!r}>"


r = R()
r.me = r
print(r)
