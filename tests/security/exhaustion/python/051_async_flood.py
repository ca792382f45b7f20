# A million tasks that make tasks.
import asyncio


async def spawn():
    while True:
        asyncio.create_task(spawn())
        await asyncio.sleep(0)


asyncio.run(spawn())
