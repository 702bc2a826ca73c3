"""The HTTP that a program speaks with us, over one connection: requests in, answers out.

Standard library only.
"""

import select

READ_BYTES = 1 << 18


class Request(object):
    """One request. The trailers of a body in chunks count as headers, as they come after all."""

    def __init__(self, method, path, headers, body):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body


class Requests(object):
    """The requests that come over one connection.

    `follower` is asked with path and headers who takes a body in chunks as it comes; then the
    request has none. It answers None where nobody does.
    """

    def __init__(self, link, follower):
        self._link = link
        self._follower = follower
        self._came = b""

    def __iter__(self):
        while True:
            head = self._until(b"\r\n\r\n")
            if head is None:
                return
            first, _, rest = head.decode("latin-1").partition("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = fields_of(rest.split("\r\n"))
            if headers.get("expect", "").lower() == "100-continue":
                self._link.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            yield Request(method, path, headers, self._body(path, headers))

    def _body(self, path, headers):
        if "chunked" not in headers.get("transfer-encoding", "").lower():
            return self._exactly(int(headers.get("content-length", 0)))
        pieces = []
        take = self._follower(path, headers) or pieces.append
        while True:
            size = int(self._line().partition(b";")[0], 16)
            if not size:
                headers.update(fields_of(self._trailers()))
                return b"".join(pieces)
            take(self._exactly(size))
            self._line()

    def _trailers(self):
        lines = []
        while True:
            line = self._line()
            if not line:
                return lines
            lines.append(line.decode("latin-1"))

    def _line(self):
        line = self._until(b"\r\n")
        if line is None:
            raise OSError("the request ended too early")
        return line

    def _until(self, end):
        while end not in self._came:
            piece = self._link.recv(READ_BYTES)
            if not piece:
                return None
            self._came += piece
        found, _, self._came = self._came.partition(end)
        return found

    def _exactly(self, size):
        pieces, missing = [self._came[:size]], size - len(self._came)
        self._came = self._came[size:]
        while missing > 0:
            piece = self._link.recv(min(missing, READ_BYTES))
            if not piece:
                raise OSError("the request ended too early")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)


def refuse_gone(link):
    """Raise `OSError` where nobody waits any more: whoever is gone must not be given an event."""
    watch = select.poll()
    watch.register(link, select.POLLIN)
    if watch.poll(0):
        raise OSError("nobody waits any more")


def fields_of(lines):
    """Return header lines by their names in lower case."""
    pairs = (line.partition(":") for line in lines if line)
    return dict((name.strip().lower(), value.strip()) for name, _, value in pairs)


def written(status, headers, body):
    """Return the bytes of an answer."""
    lines = ["HTTP/1.1 " + status, "Content-Length: %d" % len(body)]
    lines += ["%s: %s" % pair for pair in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + body
