# Leaves files where the system would run them: cron, profile, units, shared memory, temporary folders.
import os

print("ATTEMPTED")
for folder in "/etc/cron.d", "/etc/profile.d", "/var/spool/cron/crontabs", "/etc/systemd/system", "/dev/shm", "/tmp", "/var/tmp", "/root", "/usr/local/bin", "/":
    for write in (
        lambda: open(folder + "/x@MARKER@", "w").write("x"),
        lambda: os.mkdir(folder + "/x@MARKER@"),
        lambda: os.mkfifo(folder + "/x@MARKER@"),
        lambda: os.mknod(folder + "/x@MARKER@"),
    ):
        try:
            print("ESCAPED", folder, write())
        except Exception as error:
            type(error)
