"""One HTTP exchange, whoever speaks and whoever listens."""

from collections.abc import Iterable
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


class Tunnel(Protocol):
    """Raw bytes both ways, once a function has agreed to another protocol (status 101)."""

    def read(self) -> bytes:
        """Return what comes next from the function; b"" at the end."""

    def write(self, piece: bytes) -> None:
        """Pass on what the client says; raise `OSError` when nobody listens any more."""

    def close(self) -> None:
        """End both ways, and wake whoever reads. May be called twice."""


class HttpReply(NamedTuple):
    """What is answered.

    `body` may be an iterable of pieces, sent as they come; one with a `close` is closed at the
    end or when the client leaves. `tunnel` goes with the status 101.
    """

    status: int
    headers: Headers = ()
    body: bytes | Iterable[bytes] = b""
    tunnel: Tunnel | None = None

    def header(self, name: str) -> str:
        """Return the first value of a header, whatever the case of its name; "" without one."""
        return header_of(self.headers, name)


def header_of(headers: Headers, name: str) -> str:
    """Return the first value of a header, whatever the case of its name; "" without one."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), "")
