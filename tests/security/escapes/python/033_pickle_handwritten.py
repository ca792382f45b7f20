# Pickle opcodes written by hand: GLOBAL posix system, STACK_GLOBAL, and a build of attributes.
import pickle

print("ATTEMPTED")
for data in (
    b"cposix\nsystem\n(S'touch @TARGET_DIR@/pickled'\ntR.",
    b"cos\nsystem\n(S'touch @TARGET_DIR@/pickled'\ntR.",
    b"\x80\x04\x8c\x08builtins\x8c\x04open\x93\x8c\x10/proc/self/maps\x85R.",
    b"csubprocess\ncheck_output\n((lS'cat'\naS'@SECRET_PATH@'\natR.",
    b"c__builtin__\neval\n(S'open(\"@SECRET_PATH@\").read()'\ntR.",
    b"cctypes\nCDLL\n(NtR.",
):
    try:
        print("ESCAPED", pickle.loads(data))
    except Exception as error:
        print(type(error).__name__)
