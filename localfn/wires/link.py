"""One connection of HTTP/1.1, for a caller who counts microseconds and passes bodies on.

A head and a small body leave in one write and without Nagle's delay; pieces of a body arrive as
they come. A deadline holds for all that is waited for.
"""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from localfn.model import BrokenBody, Headers, HttpRequest

# More is taken from the system anew at every read, which costs half as much as a call.
READ_BYTES = 1 << 16
# Up to here a body is copied behind its head, so that both leave together.
SMALL_BYTES = 1 << 16
MOST_HEAD_BYTES = 1 << 16
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
WITHOUT_BODY = frozenset({204, 304})
SWITCHING = 101
END = b"\r\n\r\n"
LINE_END = "\r\n"
NOT_READ = "the server does not read"
VERSION = b"HTTP/1."
# Linux only.
QUICK_ACK = getattr(socket, "TCP_QUICKACK", 0)


class Broken(Exception):
    """The connection ended before the answer did. `silent`: not a byte of it had come."""

    def __init__(self, message: str, *, silent: bool = False) -> None:
        super().__init__(message)
        self.silent = silent


class Nonsense(Exception):
    """What came back is not HTTP; the message says what it is."""


class Head(NamedTuple):
    """The head of an answer, and how its body will end.

    `size` is None where only chunks or the end of the connection tell.
    """

    status: int
    headers: Headers
    size: int | None
    chunked: bool
    closes: bool


class Link:
    """One connection; one exchange at a time. `close` may be called twice, and by any thread."""

    def __init__(self, address: tuple[str, int], deadline: float | None = None) -> None:
        self._deadline = deadline
        self._socket = socket.create_connection(address, self._left())
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Waited for with `poll`: a timeout of the socket's own costs two more calls of the system.
        self._socket.setblocking(False)
        self._host = f"{address[0]}:{address[1]}"
        self._coming = select.poll()
        self._coming.register(self._socket, select.POLLIN)
        self._came = b""
        self.is_reusable = False

    def is_quiet(self, limit_s: float = 0.0) -> bool:
        """Return whether nothing comes for this long: what should wait for us, and does."""
        return not (self._came or self._coming.poll(limit_s * 1000))

    def ask(self, request: HttpRequest, deadline: float | None) -> Head:
        """Send a request; return the head of the answer.

        Raises `TimeoutError` at the deadline (of the monotonic clock), `Broken`, `Nonsense`.
        """
        self._deadline = deadline
        self.is_reusable = False
        head = _written(request, self._host)
        if not isinstance(request.body, bytes):
            self._send(head)
            threading.Thread(target=self._pump, args=(request,), name="body", daemon=True).start()
        elif len(request.body) <= SMALL_BYTES:
            self._send(head + request.body)
        else:
            self._send(head)
            self._send_both_ways(memoryview(request.body))
        return self._head(request.method)

    def pieces(self, head: Head) -> Iterator[bytes]:
        """Yield the body of an answer as it comes; afterwards the link may be reusable."""
        if head.chunked:
            yield from self._chunks()
        elif head.size is None:
            yield from self._to_the_end()
        else:
            yield from self._of_size(head.size)
        self.is_reusable = not (head.closes or self._came)

    def body(self, head: Head) -> bytes:
        """Return the whole body of an answer (`pieces`)."""
        if head.size is None or len(self._came) != head.size:
            return b"".join(self.pieces(head))
        # The commonest: it came with its head.
        came, self._came = self._came, b""
        self.is_reusable = not head.closes
        return came

    def read(self) -> bytes:
        """Return what has come or comes next; b"" at the end of the connection."""
        if self._came:
            came, self._came = self._came, b""
            return came
        return self._receive()

    def write(self, piece: bytes) -> None:
        """Send all of it; raise `OSError` when nobody listens any more."""
        left = memoryview(piece)
        while left := left[self._send_some(left) :]:
            if not _ready(self._socket, select.POLLOUT, self._left()):
                raise TimeoutError(NOT_READ)

    def close(self) -> None:
        """Hang up: whoever reads is told the end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    # --- sending ---------------------------------------------------------------------------

    def _send_some(self, piece: memoryview) -> int:
        """Send what there is room for; return how much that was."""
        try:
            return self._socket.send(piece)
        except BlockingIOError:
            return 0

    def _send(self, piece: bytes) -> None:
        try:
            self.write(piece)
        except TimeoutError:
            raise
        except OSError:
            # It may have answered before it hung up, such as `413`; reading tells.
            return

    def _send_both_ways(self, left: memoryview) -> None:
        """Send a large body and take in what is answered meanwhile, or both sides might wait."""
        while left:
            ready = _ready(self._socket, select.POLLIN | select.POLLOUT, self._left())
            try:
                if ready & select.POLLOUT:
                    left = left[self._send_some(left) :]
                if ready & ~select.POLLOUT:
                    came = self._socket.recv(READ_BYTES)
                    if not came:
                        return
                    self._came += came
            except BlockingIOError:
                continue
            except OSError:
                return
            if not ready:
                raise TimeoutError(NOT_READ)

    def _pump(self, request: HttpRequest) -> None:
        """Send a body as its pieces come, while the answer is read by another thread."""
        assert not isinstance(request.body, bytes)
        sized = bool(request.header("content-length"))
        try:
            for piece in request.body:
                if piece:
                    self.write(piece if sized else b"%x\r\n%b\r\n" % (len(piece), piece))
            if not sized:
                self.write(b"0\r\n\r\n")
        except BrokenBody:
            # The sender gave up; the server must not take a part for the whole. Not closed here,
            # where another thread reads.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    # --- receiving -------------------------------------------------------------------------

    def _head(self, method: str) -> Head:
        while True:
            head = _understood(method, self._read_head())
            if head.status >= 200 or head.status == SWITCHING:
                return head

    def _read_head(self) -> bytes:
        while (end := self._came.find(END)) < 0:
            if len(self._came) > MOST_HEAD_BYTES:
                raise Nonsense(f"the head of the answer is longer than {MOST_HEAD_BYTES} bytes")
            piece = self._receive()
            if not piece:
                raise Broken(
                    "the server closed the connection without an answer", silent=not self._came
                )
            self._came += piece
            if not self._came.startswith(VERSION[: len(self._came)]):
                raise Nonsense(f"the answer is no HTTP: {_shown(self._came)}")
        head, self._came = self._came[:end], self._came[end + len(END) :]
        return head

    def _of_size(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self.read()
            if not piece:
                raise Broken(f"the server closed the connection {size} bytes before the end")
            if len(piece) > size:
                piece, self._came = piece[:size], piece[size:]
            size -= len(piece)
            yield piece

    def _to_the_end(self) -> Iterator[bytes]:
        while piece := self.read():
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while True:
            line = self._line()
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                raise Nonsense(f"the size of a chunk is {_shown(line)}") from None
            if not size:
                break
            yield from self._of_size(size)
            if self._line():
                raise Nonsense("a chunk is longer than its size")
        while self._line():
            continue

    def _line(self) -> bytes:
        while (end := self._came.find(b"\r\n")) < 0:
            piece = self._receive() if len(self._came) < MOST_HEAD_BYTES else b""
            if not piece:
                raise Broken("the server closed the connection within a body")
            self._came += piece
        line, self._came = self._came[:end], self._came[end + 2 :]
        return line

    def _receive(self) -> bytes:
        while self._socket.fileno() >= 0:
            left_s = self._left()
            self._acknowledge()
            if not self._coming.poll(None if left_s is None else left_s * 1000):
                raise TimeoutError("the server does not answer")
            try:
                return self._socket.recv(READ_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                break
        return b""

    def _acknowledge(self) -> None:
        """Have the server told at once what has come.

        One that sends head and body apart waits with the second for word of the first (Nagle),
        which systems give after 40 ms (delayed acknowledgement).
        """
        if QUICK_ACK:
            with contextlib.suppress(OSError):  # hung up meanwhile
                self._socket.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)

    def _left(self) -> float | None:
        if self._deadline is None:
            return None
        # Never 0, which would mean: do not wait, and tell it by another error.
        return max(1e-6, self._deadline - time.monotonic())


def _ready(link: socket.socket, events: int, limit_s: float | None) -> int:
    """Return which of these can be done within the limit, 0 for none."""
    # Not `select`, which cannot take more than a thousand open files.
    poll = select.poll()
    poll.register(link, events)
    ready = poll.poll(None if limit_s is None else limit_s * 1000)
    return ready[0][1] if ready else 0


def _written(request: HttpRequest, host: str) -> bytes:
    """Return the head of a request as it goes out."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    first = f"{request.method} {target} HTTP/1.1"
    head = LINE_END.join((first, *map(": ".join, request.headers)))
    lower = head.lower()
    if "\r\nhost:" not in lower:
        head += f"\r\nHost: {host}"
    if "\r\ncontent-length:" not in lower:
        if not isinstance(request.body, bytes):
            head += "\r\nTransfer-Encoding: chunked"
        elif request.body or request.method in WITH_BODY:
            head += f"\r\nContent-Length: {len(request.body)}"
    return (head + "\r\n\r\n").encode("utf-8", "surrogateescape")


@lru_cache(128)
def _understood(method: str, text: bytes) -> Head:
    """Return what the head of an answer says.

    A server mostly answers with the head of its last answer; only the date differs, if it says it.
    """
    head = text.decode("latin-1")
    first, *lines = head.split(LINE_END)
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
        raise Nonsense(f"the answer is no HTTP: {_shown(first.encode('latin-1'))}")
    status, headers = int(rest[:3]), tuple(map(_header, lines))
    lower = f"{head.lower()}\r\n"
    connection = _field(lower, "connection")
    closes = connection == "close" or (version == "HTTP/1.0" and connection != "keep-alive")
    if method == "HEAD" or status in WITHOUT_BODY:
        return Head(status, headers, 0, chunked=False, closes=closes)
    if _field(lower, "transfer-encoding").endswith("chunked"):
        return Head(status, headers, None, chunked=True, closes=closes)
    length = _field(lower, "content-length")
    if not length:
        return Head(status, headers, None, chunked=False, closes=True)
    if not length.isdigit():
        raise Nonsense(f"the answer has the length `{length}`")
    return Head(status, headers, int(length), chunked=False, closes=closes)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise Nonsense(f"the answer has the header line {_shown(line.encode('latin-1'))}")
    return name, value.strip()


def _field(lower: str, name: str) -> str:
    """Return the value of a header in a head that is in lower case, "" without one."""
    mark = f"\r\n{name}:"
    start = lower.find(mark)
    if start < 0:
        return ""
    return lower[start + len(mark) : lower.find(LINE_END, start + 2)].strip()


def _shown(text: bytes) -> str:
    return f"`{text[:40].decode('utf-8', 'replace')}`"
