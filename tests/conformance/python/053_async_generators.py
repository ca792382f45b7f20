import asyncio
from contextlib import asynccontextmanager


async def ticker(n):
    try:
        for i in range(n):
            yield i
            await asyncio.sleep(0)
    finally:
        print("ticker closed")


class Countdown:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n <= 0:
            raise StopAsyncIteration
        self.n -= 1
        return self.n


@asynccontextmanager
async def session(name):
    print("open", name)
    try:
        yield name
    finally:
        print("close", name)


class Manager:
    async def __aenter__(self):
        print("aenter")
        return self

    async def __aexit__(self, *details):
        print("aexit", details[0])


async def main():
    async for i in ticker(3):
        print(i)
    print([i async for i in ticker(3) if i % 2 == 0], [x async for x in Countdown(3)])
    print({i: i * i async for i in Countdown(2)}, [await asyncio.sleep(0, k) for k in range(2)])
    async with session("s") as name, Manager():
        print("inside", name)
    gen = ticker(5)
    print(await anext(gen), await gen.__anext__())
    await gen.aclose()
    gen = ticker(0)
    print(await anext(gen, "default"))


asyncio.run(main())
