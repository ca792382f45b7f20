# Reads from a pipe that nobody writes to.
mkfifo pipe; cat < pipe
