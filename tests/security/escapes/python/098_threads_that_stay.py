# Threads, daemons, timers and pools that would run on when the program has ended.
import threading
import time

print("ATTEMPTED")


def stay():
    time.sleep(0.01)
    reach(globals())


threading.Thread(target=stay, daemon=True).start()
timer = threading.Timer(0.01, stay)
timer.daemon = True
timer.start()
import _thread

_thread.start_new_thread(stay, ())
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(4) as pool:
    print(list(pool.map(lambda n: n * n, range(3))))
