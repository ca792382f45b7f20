import configparser
import getopt
import io
import shlex
import tomllib

print(shlex.split("a 'b c' \"d e\" f\\ g # no", comments=True), shlex.quote("it's"), shlex.join(["a b", "c"]))
print(getopt.getopt(["-a", "-b", "val", "--long=x", "rest"], "ab:", ["long="]))
config = configparser.ConfigParser()
config.read_string("""
[DEFAULT]
base = /srv
[server]
host = example.com
port = 8080
path = %(base)s/www
debug = yes
""")
print(config.sections(), config["server"]["path"], config.getint("server", "port"), config.getboolean("server", "debug"))
print(config.get("server", "missing", fallback="none"), "host" in config["server"], dict(config["server"])["host"])
out = io.StringIO()
config["new"] = {"x": 1}
config.write(out)
print(out.getvalue())
try:
    config.get("nope", "x")
except configparser.NoSectionError as error:
    print(error)
print(tomllib.loads('title = "T"\nn = 1_000\nl = [1, 2.5, "x"]\n[a.b]\nd = 2024-05-01\nt = true\n[[arr]]\nk = 1\n[[arr]]\nk = 2\n'))
try:
    tomllib.loads("x = ")
except tomllib.TOMLDecodeError as error:
    print(type(error).__name__)
