# Ends the process instead of the program: _exit, abort, kill, faulthandler, a crash in native code.
# expect: died
print("ATTEMPTED")
import os

for call in (
    lambda: os._exit(0),
    lambda: os.abort(),
    lambda: os.kill(os.getpid(), 9),
    lambda: __import__("faulthandler")._sigsegv(),
    lambda: __import__("signal").raise_signal(9),
    lambda: __import__("_testcapi").crash_no_current_thread(),
):
    try:
        call()
    except BaseException as error:
        print(type(error).__name__)
