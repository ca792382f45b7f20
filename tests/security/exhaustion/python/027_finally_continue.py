# A loop that goes on in its finally.
while True:
    try:
        while True:
            pass
    finally:
        continue
