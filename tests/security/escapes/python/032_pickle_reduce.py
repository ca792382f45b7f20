# A pickle that calls what it likes when it is loaded.
import pickle


class Payload:
    def __init__(self, call, *args):
        self.call = call, args

    def __reduce__(self):
        return self.call


import os

print("ATTEMPTED")
for call in (
    (os.system, "touch @TARGET_DIR@/pickled"),
    (open, "@SECRET_PATH@"),
    (eval, "__import__('os').listdir('/')"),
    (os.popen, "cat @SECRET_PATH@"),
):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        try:
            print("ESCAPED", pickle.loads(pickle.dumps(Payload(*call), protocol)))
        except Exception as error:
            print(type(error).__name__, end=" ")
