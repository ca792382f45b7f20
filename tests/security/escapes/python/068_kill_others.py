# Signals to the foreign process, the parent, and the group.
import os
import signal

print("ATTEMPTED")
for call in (
    lambda: os.kill(int("@FOREIGN_PID@"), 9),
    lambda: os.kill(os.getppid(), 0),
    lambda: os.killpg(int("@FOREIGN_PID@"), 9),
    lambda: signal.pidfd_send_signal(os.pidfd_open(int("@FOREIGN_PID@")), 9),
    lambda: signal.pthread_kill(1, 15),
    lambda: os.kill(1, 0),
):
    try:
        print("ESCAPED", call())
    except Exception as error:
        print(type(error).__name__)
