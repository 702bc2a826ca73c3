"""One HTTP exchange, whoever speaks and whoever listens."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

# Pairs, because order and repeats matter.
Headers = tuple[tuple[str, str], ...]


class HttpRequest(NamedTuple):
    """A request as it came in.

    `path` and `query` are still percent-encoded, without the `?` between them. `body` may be an
    iterable of pieces where it is passed through as it comes.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes | Iterable[bytes] = b""
    client_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"

    def header(self, name: str) -> str:
        """Return the first value of a header, whatever the case of its name; "" without one."""
        return header_of(self.headers, name)

    def whole_body(self) -> bytes:
        """Return the body in one piece; read it only once where it comes in several."""
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)


class BrokenBody(Exception):
    """A body ended before its time: what has been passed on of it is not the whole."""


class Tunnel(Protocol):
    """A connection that speaks no HTTP any more, such as a WebSocket. All bytes as they are."""

    def read(self) -> bytes:
        """Return what has come, waiting for it; b"" when nothing more will."""

    def write(self, piece: bytes) -> None:
        """Send all of it; raise `OSError` when nobody listens any more."""

    def close(self) -> None:
        """Hang up, from any thread. May be called twice."""


class HttpReply(NamedTuple):
    """What is answered.

    `body` may be an iterable of pieces, sent as they come: whoever takes them closes it, and it
    raises `BrokenBody` where it ends too early. `tunnel` is there after the status 101. `why` is
    one line for the person at the terminal, where the cloud answers without saying why; no client
    ever sees it.
    """

    status: int
    headers: Headers = ()
    body: bytes | Iterable[bytes] = b""
    tunnel: Tunnel | None = None
    why: str = ""

    def header(self, name: str) -> str:
        """Return the first value of a header, whatever the case of its name; "" without one."""
        return header_of(self.headers, name)


def header_of(headers: Headers, name: str) -> str:
    """Return the first value of a header, whatever the case of its name; "" without one."""
    global _last
    last = _last
    if last[0] is not headers:
        last = _last = (headers, _index(headers))
    return last[1].get(name.lower(), "")


@lru_cache(256)
def _index(headers: Headers) -> Mapping[str, str]:
    # A client that asks again mostly sends the same headers again.
    return {name.lower(): value for name, value in reversed(headers)}


# Whoever asks for one header of a message mostly asks for another one next.
_last: tuple[Headers, Mapping[str, str]] = ((), {})
