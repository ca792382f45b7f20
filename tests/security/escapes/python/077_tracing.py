# sys.settrace, setprofile, sys.monitoring and threading.settrace as a foot in later code.
import sys
import threading

print("ATTEMPTED")
seen = []


def tracer(frame, event, argument):
    seen.append(frame)
    return tracer


for call in (
    lambda: sys.settrace(tracer),
    lambda: sys.setprofile(tracer),
    lambda: threading.settrace(tracer),
    lambda: threading.setprofile(tracer),
    lambda: sys.monitoring.use_tool_id(0, "x"),
    lambda: sys.monitoring.register_callback(0, 1, tracer),
    lambda: sys._settraceallthreads(tracer),
    lambda: sys._setprofileallthreads(tracer),
    lambda: sys.addaudithook(tracer),
    lambda: sys.remote_exec(1, "x"),
):
    try:
        call()
    except BaseException as error:
        print(type(error).__name__)
seen.clear()
reach()
sys._settraceallthreads(None)
if seen:
    print("ESCAPED: calls are traced")
for frame in seen[:5]:
    reach(frame.f_globals)
