import asyncio


async def work(name, delay):
    await asyncio.sleep(delay)
    print("done", name)
    return name


async def main():
    print(await work("first", 0))
    print(await asyncio.gather(work("b", 0.02), work("a", 0.01), work("c", 0.03)))
    task = asyncio.create_task(work("task", 0.01))
    print(task.done())
    print(await task, task.done(), task.result())
    try:
        await asyncio.wait_for(asyncio.sleep(10), timeout=0.01)
    except asyncio.TimeoutError:
        print("timed out")
    cancelled = asyncio.create_task(asyncio.sleep(10))
    await asyncio.sleep(0)
    cancelled.cancel()
    try:
        await cancelled
    except asyncio.CancelledError:
        print("cancelled", cancelled.cancelled())
    results = await asyncio.gather(fail(), work("ok", 0), return_exceptions=True)
    print([type(r).__name__ for r in results])
    done, pending = await asyncio.wait([asyncio.ensure_future(work(i, i / 100)) for i in range(3)])
    print(sorted(t.result() for t in done), len(pending))
    for future in asyncio.as_completed([work("slow", 0.03), work("fast", 0.01)]):
        print("completed", await future)


async def fail():
    raise ValueError("nope")


asyncio.run(main())
try:
    asyncio.run(fail())
except ValueError as error:
    print("raised", error)
