# Threads that end, locks, and a pool.
import queue
import threading
from concurrent.futures import ThreadPoolExecutor

results, lock = [], threading.Lock()


def work(n):
    with lock:
        results.append(n * n)


threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with ThreadPoolExecutor(2) as pool:
    print(sorted(results), list(pool.map(str.upper, "abc")))
q = queue.PriorityQueue()
for n in (3, 1, 2):
    q.put(n)
print([q.get() for _ in range(3)])
