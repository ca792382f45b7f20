import platform
import sched
import time
import timeit

events = []
clock = [0.0]
s = sched.scheduler(lambda: clock[0], lambda d: clock.__setitem__(0, clock[0] + d))
s.enter(3, 1, events.append, ("late",))
s.enter(1, 1, events.append, ("early",))
s.enter(1, 0, events.append, ("urgent",))
e = s.enter(2, 1, events.append, ("cancelled",))
s.cancel(e)
s.run()
print(events, clock[0])
print(timeit.timeit("x + 1", setup="x = 1", number=100) > 0, len(timeit.repeat("pass", number=1, repeat=3)))
print(platform.python_version_tuple()[0], bool(platform.python_implementation()), platform.system())
t = time.struct_time((2024, 5, 6, 7, 8, 9, 0, 127, 0))
print(t.tm_year, time.strftime("%d/%m/%y", t), time.mktime(t) > 0, time.get_clock_info("monotonic").monotonic)
print(time.process_time() >= 0, time.thread_time() >= 0, time.tzname[0], time.timezone)
