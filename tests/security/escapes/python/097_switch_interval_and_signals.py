# Turns off what could interrupt: the switch interval, signal handlers, alarms, wakeup descriptors.
import sys

print("ATTEMPTED")
for call in (
    lambda: sys.setswitchinterval(1e9),
    lambda: sys.setcheckinterval(10**9),
    lambda: __import__("signal").signal(2, lambda *a: None),
    lambda: __import__("signal").signal(14, lambda *a: None),
    lambda: __import__("signal").pthread_sigmask(0, range(1, 65)),
    lambda: __import__("signal").set_wakeup_fd(1),
    lambda: __import__("signal").setitimer(0, 0.1),
    lambda: __import__("_signal").default_int_handler,
    lambda: __import__("faulthandler").dump_traceback_later(0.1),
):
    try:
        print(call())
    except BaseException as error:
        print(type(error).__name__)
