# The io module that is written in Python.
print("ATTEMPTED")
import _pyio

reach(_pyio)
print(_pyio.open("@SECRET_PATH@").read())
