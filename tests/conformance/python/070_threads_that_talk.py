import queue
import threading

q = queue.Queue()
out = []


def consumer():
    while (item := q.get()) is not None:
        out.append(item * 10)


t = threading.Thread(target=consumer)
t.start()
for i in range(3):
    q.put(i)
q.put(None)
t.join()
print(out)
