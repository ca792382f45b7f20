# Reaches globals through the frame of a coroutine that never ran.
async def task():
    pass


coroutine = task()
print("ATTEMPTED")
reach(coroutine.cr_frame.f_globals, coroutine.cr_frame.f_builtins)
coroutine.close()
