# Reads from and writes to every descriptor that could have been left open.
import os

print("ATTEMPTED")
for fd in range(65):
    for act in (
        lambda: os.write(fd, b"\x05\x00\x00\x00\x00\"x\"\"\""),
        lambda: os.read(fd, 16),
        lambda: os.dup(fd),
        lambda: os.fdopen(fd, "w").write("x"),
        lambda: os.close(fd),
        lambda: os.fstat(fd),
        lambda: os.lseek(fd, 0, 0),
        lambda: os.sendfile(fd, fd, 0, 10),
    ):
        try:
            print("ESCAPED", fd, act())
        except Exception as error:
            type(error)
