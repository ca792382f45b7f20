# asyncio: connections, subprocesses, pipes, and signals.
import asyncio

print("ATTEMPTED")


async def attempt():
    loop = asyncio.get_running_loop()
    for make in (
        lambda: asyncio.open_connection("127.0.0.1", int("@TCP_PORT@")),
        lambda: asyncio.open_unix_connection("@UNIX_PATH@"),
        lambda: asyncio.create_subprocess_shell("touch @TARGET_DIR@/async"),
        lambda: asyncio.create_subprocess_exec("cat", "@SECRET_PATH@", stdout=-1),
        lambda: loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", int("@UDP_PORT@"))),
        lambda: loop.getaddrinfo("example.com", 80),
        lambda: asyncio.start_server(lambda r, w: None, "127.0.0.1", 0),
    ):
        try:
            got = await asyncio.wait_for(make(), 0.3)
            if isinstance(got, tuple) and hasattr(got[0], "sendto"):
                got[0].sendto(b"x")
            print("ESCAPED", got)
        except BaseException as error:
            print(type(error).__name__)


asyncio.run(attempt())
