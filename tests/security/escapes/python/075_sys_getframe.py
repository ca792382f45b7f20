# sys._getframe and sys._current_frames up to the bottom of the stack.
import sys

print("ATTEMPTED")
frame = sys._getframe()
while frame is not None:
    reach(frame.f_globals, frame.f_builtins, frame.f_locals)
    frame = frame.f_back
for call in (sys._current_frames, sys._current_exceptions):
    try:
        for frame in call().values():
            reach(frame.f_globals)
    except Exception as error:
        print(type(error).__name__)
