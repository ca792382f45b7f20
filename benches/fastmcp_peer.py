"""FastMCP (PyPI) calling a tool that adds two numbers, through its client in this process.

For each line on standard input, a number of calls, it prints that many times, in seconds, on one line.
"""

import asyncio
import sys
import time
from importlib.metadata import version

from fastmcp import Client, FastMCP

server = FastMCP("bench")


@server.tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


async def main():
    async with Client(server) as client:
        print(f"fastmcp {version('fastmcp')}, Python {sys.version.split()[0]}", flush=True)
        number = 0
        for line in sys.stdin:
            times = []
            for _ in range(int(line)):
                number += 1
                start = time.perf_counter()
                result = await client.call_tool("add", {"a": 1, "b": number})
                times.append(time.perf_counter() - start)
                assert result.data == number + 1, result
            print(" ".join(map(repr, times)), flush=True)


asyncio.run(main())
