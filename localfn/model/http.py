"""One HTTP exchange, whoever speaks and whoever listens."""

from collections.abc import Iterable
from typing import NamedTuple

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

    def header(self, name: str) -> str:
        """Return the first value of a header, whatever the case of its name; "" without one."""
        return header_of(self.headers, name)


class HttpReply(NamedTuple):
    """What is answered. `body` may be an iterable of pieces, sent as they come."""

    status: int
    headers: Headers = ()
    body: bytes | Iterable[bytes] = b""

    def header(self, name: str) -> str:
        """Return the first value of a header, whatever the case of its name; "" without one."""
        return header_of(self.headers, name)


def header_of(headers: Headers, name: str) -> str:
    """Return the first value of a header, whatever the case of its name; "" without one."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), "")
