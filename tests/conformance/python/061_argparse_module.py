import argparse
import contextlib
import io

parser = argparse.ArgumentParser(prog="tool", description="A tool.")
parser.add_argument("path")
parser.add_argument("-n", "--number", type=int, default=1)
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("--mode", choices=["fast", "slow"], default="fast")
parser.add_argument("--tag", action="append")
parser.add_argument("rest", nargs="*")
args = parser.parse_args(["file.txt", "x", "y", "-n", "5", "--verbose", "--tag", "a", "--tag=b"])
print(args)
print(vars(parser.parse_args(["p"])))
for bad in (["p", "-n", "abc"], ["p", "--mode", "other"], []):
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            parser.parse_args(bad)
    except SystemExit as stop:
        print("exit", stop.code, stderr.getvalue().splitlines()[-1][:40])
sub = argparse.ArgumentParser(prog="git")
commands = sub.add_subparsers(dest="command")
add = commands.add_parser("add")
add.add_argument("files", nargs="+")
print(sub.parse_args(["add", "a", "b"]))
group = argparse.ArgumentParser(prog="g")
exclusive = group.add_mutually_exclusive_group()
exclusive.add_argument("--a", action="store_true")
exclusive.add_argument("--b", action="store_const", const=5)
print(group.parse_args(["--b"]), group.parse_known_args(["--zzz"])[1])
