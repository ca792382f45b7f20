# Catches whatever comes, without end.
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
