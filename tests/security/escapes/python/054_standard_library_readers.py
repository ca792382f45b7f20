# Modules of the library that open files for their caller.
print("ATTEMPTED")
import importlib

for module, call in (
    ("fileinput", lambda m: list(m.input(["@SECRET_PATH@"]))),
    ("shutil", lambda m: m.copy("@SECRET_PATH@", "@TARGET_DIR@/copy")),
    ("shutil", lambda m: m.disk_usage("/")),
    ("glob", lambda m: m.glob("@TARGET_DIR@/*")[0]),
    ("filecmp", lambda m: m.cmp("@SECRET_PATH@", "@TARGET_DIR@/.bashrc")),
    ("configparser", lambda m: m.ConfigParser().read("@TARGET_DIR@/.gitconfig")[0]),
    ("netrc", lambda m: m.netrc("@SECRET_PATH@")),
    ("mimetypes", lambda m: m.read_mime_types("@SECRET_PATH@")["x"]),
    ("zipfile", lambda m: m.ZipFile("@TARGET_DIR@/z", "w")),
    ("tarfile", lambda m: m.open("@TARGET_DIR@/t", "w")),
    ("gzip", lambda m: m.open("@TARGET_DIR@/g", "w")),
    ("sqlite3", lambda m: m.connect("@TARGET_DIR@/db")),
    ("dbm.dumb", lambda m: m.open("@TARGET_DIR@/dbm", "c")),
    ("shelve", lambda m: m.open("@TARGET_DIR@/shelf")),
    ("mailbox", lambda m: m.mbox("@TARGET_DIR@/mbox")),
    ("logging", lambda m: m.FileHandler("@TARGET_DIR@/log").close() or 1),
    ("tempfile", lambda m: m.NamedTemporaryFile(dir="@TARGET_DIR@", delete=False).name),
    ("runpy", lambda m: m.run_path("@SECRET_PATH@")),
    ("py_compile", lambda m: m.compile("@SECRET_PATH@")),
    ("xml.dom.minidom", lambda m: m.parse("@SECRET_PATH@")),
    ("json.tool", lambda m: m.main()),
    ("trace", lambda m: m.Trace().run("x")),
    ("webbrowser", lambda m: "ESCAPED" if m.open("http://127.0.0.1:@TCP_PORT@/") else 0),
    ("pydoc", lambda m: m.importfile("@SECRET_PATH@")),
    ("ensurepip", lambda m: m.bootstrap()),
    ("venv", lambda m: m.create("@TARGET_DIR@/venv")),
):
    try:
        got = call(importlib.import_module(module))
        print(module, "ESCAPED" if got not in (None, 0) else "", got)
    except BaseException as error:
        print(module, type(error).__name__)
