# The socket module, high and low.
print("ATTEMPTED")
import socket

reach(socket)
try:
    import _socket

    reach(_socket)
except Exception as error:
    print(type(error).__name__)
for call in (
    lambda: socket.create_connection(("127.0.0.1", int("@TCP_PORT@")), 1),
    lambda: socket.create_connection(("localhost", int("@TCP_PORT@")), 1),
    lambda: socket.create_server(("127.0.0.1", 0)),
    lambda: socket.socketpair(),
    lambda: socket.fromfd(0, 2, 1).send(b"x"),
    lambda: socket.getaddrinfo("example.com", 80),
    lambda: socket.gethostbyname("example.com"),
    lambda: socket.socket(fileno=3).send(b"x"),
):
    try:
        got = call()
        print(got)
    except Exception as error:
        print(type(error).__name__)
