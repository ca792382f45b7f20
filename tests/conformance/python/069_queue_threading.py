import queue
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

q = queue.Queue(maxsize=2)
q.put(1)
q.put(2)
try:
    q.put_nowait(3)
except queue.Full:
    print("full")
print(q.get(), q.get(), q.empty(), q.qsize())
try:
    q.get_nowait()
except queue.Empty:
    print("empty")
p = queue.PriorityQueue()
for item in (3, 1, 2):
    p.put(item)
print([p.get() for _ in range(3)])
l = queue.LifoQueue()
l.put("a")
l.put("b")
print(l.get(), l.get())
results, lock = [], threading.Lock()


def work(n):
    with lock:
        results.append(n * n)


threads = [threading.Thread(target=work, args=(i,), name=f"worker-{i}") for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(results), threads[0].name, threads[0].is_alive())
with ThreadPoolExecutor(max_workers=3) as pool:
    print(list(pool.map(pow, [1, 2, 3], [2, 2, 2])))
    futures = [pool.submit(len, "x" * i) for i in range(3)]
    print(sorted(f.result() for f in as_completed(futures)))
    print(type(pool.submit(int, "bad").exception()).__name__)
local = threading.local()
local.x = 5
print(local.x, threading.current_thread() is threading.main_thread(), threading.current_thread().name)
event = threading.Event()
threading.Thread(target=event.set).start()
print(event.wait(1), event.is_set())
r = threading.RLock()
with r:
    with r:
        print("reentered")
