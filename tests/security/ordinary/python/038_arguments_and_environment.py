# argparse, an empty environment and pure paths.
import argparse
import os.path
import pathlib

parser = argparse.ArgumentParser(prog="tool")
parser.add_argument("name")
parser.add_argument("-n", type=int, default=1)
parser.add_argument("--flag", action="store_true")
print(parser.parse_args(["x", "-n", "3", "--flag"]), os.path.join("a", "b.txt"), os.path.splitext("x.tar.gz"))
path = pathlib.PurePosixPath("/a/b/../c.txt")
print(path.suffix, path.parent, path.with_name("d"), path.parts, pathlib.PurePath("a") / "b")
