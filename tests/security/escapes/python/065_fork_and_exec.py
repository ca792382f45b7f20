# os.fork, exec, spawn and friends, and a child that would live on.
import os

print("ATTEMPTED")
for call in (
    lambda: os.fork() and "ESCAPED: parent",
    lambda: os.forkpty(),
    lambda: os.execv("/bin/touch", ["touch", "@TARGET_DIR@/exec"]),
    lambda: os.execvp("sleep", ["sleep", "@MARKER@"]),
    lambda: os.spawnv(os.P_NOWAIT, "/bin/sleep", ["sleep", "@MARKER@"]),
    lambda: os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "@MARKER@"),
    lambda: os.posix_spawn("/bin/sleep", ["sleep", "@MARKER@"], {}),
    lambda: os.system("setsid sleep @MARKER@ &"),
    lambda: os.popen("nohup sleep @MARKER@ &"),
):
    try:
        print("ESCAPED", call())
    except Exception as error:
        print(type(error).__name__)
