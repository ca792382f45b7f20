# Stands before every program of escapes/python: reach() tries every door with what a route has
# found, be it a module, a class, or a dictionary of built-ins. Nothing that it does could do harm
# if a door were open.


def reach(*found):
    print("ATTEMPTED")
    doors = [
        lambda get: get("open")("@SECRET_PATH@").read(),
        lambda get: get("open_code")("@SECRET_PATH@").read(),
        lambda get: get("FileIO")("@SECRET_PATH@").read(),
        lambda get: get("read")(get("open")("@SECRET_PATH@", 0), 100),
        lambda get: get("get_data")("@SECRET_PATH@"),
        lambda get: get("Path")("@SECRET_PATH@").read_text(),
        lambda get: get("open")("/proc/self/environ").read(),
        lambda get: get("open")("@TARGET_DIR@/.bashrc", "a").write("touch me\n"),
        lambda get: get("write")(get("open")("@TARGET_DIR@/.profile", 1025), b"touch me\n"),
        lambda get: get("unlink")("@TARGET_DIR@/.vimrc"),
        lambda get: get("mkdir")("@TARGET_DIR@/made"),
        lambda get: get("symlink")("@SECRET_PATH@", "@TARGET_DIR@/link"),
        lambda get: get("listdir")("@TARGET_DIR@")[0] and "ESCAPED: a folder was listed",
        lambda get: get("environ").get("@VARIABLE@"),
        lambda get: get("getenv")("@VARIABLE@"),
        lambda get: get("system")("cat @SECRET_PATH@ >> @TARGET_DIR@/stolen"),
        lambda get: get("popen")("cat @SECRET_PATH@").read(),
        lambda get: get("posix_spawn")("/bin/touch", ["touch", "@TARGET_DIR@/spawned"], {}),
        lambda get: get("check_output")(["cat", "@SECRET_PATH@"]),
        lambda get: get("kill")(int("@FOREIGN_PID@"), 9),
        lambda get: get("create_connection")(("127.0.0.1", int("@TCP_PORT@")), 1),
        lambda get: get("socket")().connect(("127.0.0.1", int("@TCP_PORT@"))),
        lambda get: get("socket")(2, 2).sendto(b"touch", ("127.0.0.1", int("@UDP_PORT@"))),
        lambda get: get("socket")(1, 1).connect("@UNIX_PATH@"),
        lambda get: get("socket")(1, 1).connect("\0@ABSTRACT_NAME@"),
        lambda get: get("urlopen")("http://127.0.0.1:@TCP_PORT@/", timeout=1),
        lambda get: get("CDLL")(None).getpid() and "ESCAPED: native code was called",
    ]
    for thing in found:
        if isinstance(thing, dict):
            get = thing.__getitem__
        else:
            get = lambda name, thing=thing: getattr(thing, name)
        for door in doors:
            try:
                print(door(get))
            except Exception:
                pass
        try:
            importer = get("__import__")
        except Exception:
            continue
        for name in "os", "posix", "socket", "subprocess", "ctypes", "io", "pathlib":
            try:
                module = importer(name)
            except Exception:
                continue
            for door in doors:
                try:
                    print(door(lambda wanted: getattr(module, wanted)))
                except Exception:
                    pass


