# Stands in for the module of sockets: the network is closed in the sandbox, but programs and
# asyncio can import `socket`, read its constants and hold the two ends of a dead pair.

AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6 = 0, 1, 2, 10
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW = 1, 2, 3
SOCK_CLOEXEC, SOCK_NONBLOCK = 0o2000000, 0o4000
SOL_SOCKET, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_BROADCAST, SO_KEEPALIVE = 1, 2, 3, 4, 6, 9
IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6 = 0, 6, 17, 41
IPV6_V6ONLY = 26
TCP_NODELAY = 1
AI_PASSIVE, AI_CANONNAME, AI_NUMERICHOST = 1, 2, 4
EAI_NONAME = -2
MSG_PEEK = 2
SHUT_RD, SHUT_WR, SHUT_RDWR = 0, 1, 2
SOMAXCONN = 4096
NI_NUMERICHOST, NI_NUMERICSERV = 1, 2
has_ipv6 = False

error = OSError
timeout = TimeoutError


class herror(OSError):
    pass


class gaierror(OSError):
    pass


_closed = "the network is closed in the sandbox"
_next_fileno = 1000
_default_timeout = None


class socket:
    __slots__ = ("_fileno", "_family", "_type", "_proto", "_timeout")

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        self._fileno = -1
        if fileno is None:
            raise PermissionError(13, _closed)
        self._fileno = fileno
        self._family, self._type, self._proto = family, type, proto
        self._timeout = None

    @property
    def family(self):
        return self._family

    @property
    def type(self):
        return self._type

    @property
    def proto(self):
        return self._proto

    @property
    def timeout(self):
        return self._timeout

    def fileno(self):
        return self._fileno

    def detach(self):
        fileno, self._fileno = self._fileno, -1
        return fileno

    def close(self):
        self._fileno = -1

    def setblocking(self, flag):
        self._timeout = None if flag else 0.0

    def getblocking(self):
        return self._timeout != 0.0

    def settimeout(self, timeout):
        self._timeout = timeout

    def gettimeout(self):
        return self._timeout

    def shutdown(self, how):
        pass

    def send(self, data, flags=0):
        # asyncio wakes its own loop this way; the loop is awake, there are no other threads.
        return len(data)

    def recv(self, size, flags=0):
        raise BlockingIOError(11, "nothing to read")


for _name in (
    "accept bind connect connect_ex getpeername getsockname getsockopt listen recv_into recvfrom"
    " recvfrom_into sendall sendto setsockopt"
).split():
    setattr(socket, _name, _deny(_name, _closed))
del _name

SocketType = socket


def socketpair(family=AF_UNIX, type=SOCK_STREAM, proto=0):
    global _next_fileno
    _next_fileno += 2
    return (
        socket(family, type, proto, _next_fileno),
        socket(family, type, proto, _next_fileno + 1),
    )


def getdefaulttimeout():
    return _default_timeout


def setdefaulttimeout(timeout):
    global _default_timeout
    _default_timeout = timeout


def gethostname():
    return "localhost"


def close(fileno):
    pass


def htons(value):
    return int.from_bytes(value.to_bytes(2, "little"), "big")


def htonl(value):
    return int.from_bytes(value.to_bytes(4, "little"), "big")


ntohs, ntohl = htons, htonl


def inet_aton(text):
    parts = [int(part) for part in text.split(".")]
    if len(parts) != 4 or not all(0 <= part <= 255 for part in parts):
        raise OSError("illegal IP address string passed to inet_aton")
    return bytes(parts)


def inet_ntoa(packed):
    if len(packed) != 4:
        raise OSError("packed IP wrong length")
    return ".".join(str(byte) for byte in packed)


def inet_pton(family, text):
    import ipaddress

    try:
        return (ipaddress.IPv4Address if family == AF_INET else ipaddress.IPv6Address)(text).packed
    except ValueError:
        raise OSError("illegal IP address string passed to inet_pton") from None


def inet_ntop(family, packed):
    import ipaddress

    return str((ipaddress.IPv4Address if family == AF_INET else ipaddress.IPv6Address)(packed))


for _name in (
    "dup getaddrinfo gethostbyaddr gethostbyname gethostbyname_ex getnameinfo getprotobyname"
    " getservbyname getservbyport if_nameindex if_nametoindex if_indextoname sethostname"
).split():
    globals()[_name] = _deny(_name, _closed)
del _name
