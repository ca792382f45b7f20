"""A call of a tool over MCP's stdio, by the client of FastMCP (PyPI): companion's server next to FastMCP's.

VENV/bin/python benches/mcp_round_trip.py target/release/companion
"""

import asyncio
import statistics
import sys
import tempfile
import time
from importlib.metadata import version

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

PEER = """
from fastmcp import FastMCP
server = FastMCP("bench")

@server.tool
def add(a: int, b: int) -> int:
    return a + b

server.run(show_banner=False)
"""


async def times(client, name, arguments, rounds):
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        await client.call_tool(name, arguments)
        found.append((time.perf_counter() - start) * 1000)
    return found


async def main():
    companion = sys.argv[1]
    folder = tempfile.mkdtemp()
    flags = [f"--{kind}-dir={folder}/{kind}" for kind in ("data", "config", "cache")]
    with open(f"{folder}/peer.py", "w") as file:
        file.write(PEER)
    ours = Client(StdioTransport(companion, ["mcp", *flags]))
    theirs = Client(StdioTransport(sys.executable, [f"{folder}/peer.py"]))
    print(f"fastmcp {version('fastmcp')}, Python {sys.version.split()[0]}")
    async with ours, theirs:
        search = ("tool_search", {"words": "imagine", "limit": 1})
        add = ("add", {"a": 1, "b": 2})
        found = {"companion, tool_search": [], "FastMCP, add": []}
        # In turns, so that both meet the same disturbance.
        for block in range(11):
            for (name, arguments), client, title in ((search, ours, "companion, tool_search"), (add, theirs, "FastMCP, add")):
                measured = await times(client, name, arguments, 50)
                if block:
                    found[title] += measured
        for title, measured in found.items():
            print(f"{title:28} median {statistics.median(measured):6.2f} ms   min {min(measured):6.2f} ms")


asyncio.run(main())
