# `urllib.request` over the broker: an opener asks it instead of opening a connection.

import http.client
import io
import urllib.error

_READ_ALL = "a request body that is no bytes, no file and no iterable of bytes"


class Response(io.BytesIO):
    """What urlopen() gives: the body to read, and what stood above it."""

    version = 11

    def __init__(self, status, url, headers, body):
        super().__init__(body)
        self.status = self.code = status
        self.url = url
        self.reason = self.msg = http.client.responses.get(status, "")
        self.headers = http.client.HTTPMessage()
        for name, value in headers:
            self.headers[name.title()] = value

    def getcode(self):
        return self.status

    def geturl(self):
        return self.url

    def info(self):
        return self.headers

    def getheader(self, name, default=None):
        values = self.headers.get_all(name)
        return ", ".join(values) if values else default

    def getheaders(self):
        return list(self.headers.items())


def _body(data):
    if data is None or isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    if hasattr(data, "read"):
        data = data.read()
        return data.encode("iso-8859-1") if isinstance(data, str) else data
    try:
        return b"".join(data)
    except TypeError:
        raise TypeError(_READ_ALL) from None


def ask(handler, request):
    import socket

    headers = dict(request.headers)
    headers.update(request.unredirected_hdrs)
    flat = [text for pair in headers.items() for text in (str(pair[0]), str(pair[1]))]
    timeout = request.timeout
    if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:
        timeout = socket.getdefaulttimeout()
    milliseconds = None if timeout is None else max(1, int(timeout * 1000))
    body = _body(request.data)
    try:
        answer = _native["fetch"](request.get_method(), request.full_url, flat, body, milliseconds)
    except PermissionError:
        raise
    except OSError as error:
        raise urllib.error.URLError(error) from None
    return Response(*answer)


def open_through_broker(module):
    """Changes `urllib.request`."""
    handler = module.HTTPHandler
    handler.http_open = handler.https_open = ask
    handler.https_request = handler.http_request
