# Processes and shared memory through multiprocessing and concurrent.futures.
print("ATTEMPTED")
import importlib

for module, call in (
    ("multiprocessing", lambda m: m.Process(target=print).start()),
    ("multiprocessing", lambda m: m.Pool(2)),
    ("multiprocessing.shared_memory", lambda m: m.SharedMemory(create=True, size=10)),
    ("concurrent.futures", lambda m: m.ProcessPoolExecutor(1).submit(print).result(1)),
    ("multiprocessing.connection", lambda m: m.Client(("127.0.0.1", int("@TCP_PORT@")))),
    ("multiprocessing.managers", lambda m: m.BaseManager().start()),
):
    try:
        got = call(importlib.import_module(module))
        print("ESCAPED", module, got)
    except BaseException as error:
        print(module, type(error).__name__)
