# A handler that starts again.
def again():
    try:
        while True:
            pass
    except BaseException:
        again()


again()
