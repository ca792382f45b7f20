from pathlib import PurePath, PurePosixPath, PureWindowsPath
import os.path

p = PurePosixPath("/usr/local/lib/python3/site.tar.gz")
print(p, repr(p), p.name, p.stem, p.suffix, p.suffixes, p.parent, p.parts, p.anchor, p.root)
print(list(p.parents)[:2], p.is_absolute(), p / "x" / "../y", p.with_name("new.txt"), p.with_suffix(".zip"), p.with_stem("s"))
print(p.relative_to("/usr"), p.match("*.gz"), PurePosixPath("a") < PurePosixPath("b"), PurePosixPath("a//b/./c"))
print(p.is_relative_to("/usr/local"), p.as_uri(), PurePosixPath("~/x").as_posix(), hash(PurePath("a")) == hash(PurePath("a")))
w = PureWindowsPath("C:\\Users\\Ada\\file.TXT")
print(w, w.drive, w.parts, w.as_posix(), w.suffix, PureWindowsPath("c:/users") == PureWindowsPath("C:/USERS"))
try:
    p.relative_to("/etc")
except ValueError:
    print("not relative")
print(os.path.join("a", "b", "/c", "d"), os.path.split("/a/b.txt"), os.path.splitext("x.tar.gz"), os.path.basename("/a/b/"))
print(os.path.normpath("a/./b/../c//d"), os.path.dirname("/a/b"), os.path.isabs("a"), os.path.commonprefix(["abc", "abd"]), os.path.commonpath(["/a/b", "/a/c"]))
print(os.path.relpath("/a/b/c", "/a/d"), os.sep, os.linesep == "\n", os.fspath(p)[:4])
