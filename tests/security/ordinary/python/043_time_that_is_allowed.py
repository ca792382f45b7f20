# A second of honest work, and a short sleep.
import time

start = time.monotonic()
total = 0
for n in range(300_000):
    total += n % 7
time.sleep(0.05)
print(total, time.monotonic() - start >= 0.05, time.strftime("%Y", time.gmtime(0)))
