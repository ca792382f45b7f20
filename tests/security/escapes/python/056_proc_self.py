# procfs: the process's own memory, environment, descriptors, and those of its parent.
print("ATTEMPTED")
import os

for path in (
    "/proc/self/environ", "/proc/self/cmdline", "/proc/self/maps", "/proc/self/mem", "/proc/self/fd",
    "/proc/self/fd/3", "/proc/1/environ", "/proc/thread-self/environ", "/proc/self/root/etc/passwd",
    "/proc/self/cwd", "/proc/sys/kernel/hostname", "/proc/net/tcp", "/proc/mounts", "/dev/fd/3", "/dev/stdin",
):
    for read in (lambda: open(path).read(), lambda: os.read(os.open(path, 0), 1000), lambda: os.readlink(path), lambda: os.listdir(path)):
        try:
            print("ESCAPED", path, str(read())[:60])
        except Exception as error:
            type(error)
