import atexit

atexit.register(print, "at exit: first registered runs last")


@atexit.register
def goodbye():
    print("goodbye")


def nested():
    try:
        raise SystemExit
    except SystemExit as stop:
        print("caught", stop.code)
    try:
        exit(5)
    except SystemExit as stop:
        print("code", stop.code)


try:
    import sys

    sys.exit("message")
except SystemExit as stop:
    print("message code", stop.code)
raise SystemExit(0)
