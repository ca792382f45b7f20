# Tasks, gather, queues and timeouts.
import asyncio


async def worker(queue, done):
    while True:
        item = await queue.get()
        await asyncio.sleep(0)
        done.append(item * item)
        queue.task_done()


async def main():
    queue, done = asyncio.Queue(), []
    tasks = [asyncio.create_task(worker(queue, done)) for _ in range(3)]
    for n in range(6):
        queue.put_nowait(n)
    await queue.join()
    for task in tasks:
        task.cancel()
    print(sorted(done), await asyncio.gather(*(asyncio.sleep(0, n) for n in range(3))))
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except asyncio.TimeoutError:
        print("timeout")


asyncio.run(main())
