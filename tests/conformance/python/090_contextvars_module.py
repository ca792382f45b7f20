import asyncio
import contextvars

request = contextvars.ContextVar("request", default="none")
print(request.get(), request.name)
token = request.set("first")
print(request.get())
request.reset(token)
print(request.get())
context = contextvars.copy_context()
context.run(request.set, "inside")
print(request.get(), context[request], context.get(request), len(context) >= 1)


async def handler(name):
    request.set(name)
    await asyncio.sleep(0)
    return request.get()


async def main():
    print(await asyncio.gather(*(handler(f"r{i}") for i in range(3))))
    print(request.get())


asyncio.run(main())
