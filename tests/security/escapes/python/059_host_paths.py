# Looks for a path of the machine in everything that the interpreter tells of itself.
import sys

print("ATTEMPTED")
import os
import platform

texts = [str(vars(sys)), str([getattr(m, "__file__", "") for m in sys.modules.values()]), str(os.uname() if hasattr(os, "uname") else "")]
for call in platform.node, platform.platform, platform.processor, lambda: platform.uname(), lambda: os.getlogin(), lambda: os.getcwd():
    try:
        texts.append(str(call()))
    except Exception as error:
        print(type(error).__name__)
for text in texts:
    for word in "/root/", "/home/", "/target/debug", "/.cargo/", "companion-canaries":
        # The program's own path is in sys.argv: whoever ran it gave it.
        if word in text.replace(sys.argv[0], ""):
            at = text.replace(sys.argv[0], "").find(word)
            print("ESCAPED", text.replace(sys.argv[0], "")[max(0, at - 60) : at + 60])
