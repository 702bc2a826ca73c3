"""How a reply becomes bytes on a connection (RFC 9112)."""

import time
from collections.abc import Iterable, Iterator
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple

from localfn.model import HttpReply

REASONS = {each.value: each.phrase for each in HTTPStatus}
BODILESS = frozenset({204, 304})
# Said by this server itself, never passed on (RFC 9110, section 7.6.1).
OWN_HEADERS = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "transfer-encoding"}
)


class Framing(NamedTuple):
    """How the end of a reply is told: `header` to send, `length` to keep to, None if not known."""

    header: str = ""
    length: int | None = None
    has_body: bool = True
    is_chunked: bool = False
    ends_connection: bool = False


def framing_of(reply: HttpReply, method: str, version: str) -> Framing:
    """Return how a reply to a request of this method and HTTP version is framed."""
    declared = reply.header("content-length")
    length = int(declared) if declared.isdigit() else None
    if isinstance(reply.body, bytes) and (reply.body or method != "HEAD"):
        length = len(reply.body)
    if reply.status in BODILESS:
        return Framing(has_body=False)
    if length is not None:
        return Framing(f"Content-Length: {length}", length, has_body=method != "HEAD")
    if version == "1.1":
        return Framing("Transfer-Encoding: chunked", has_body=method != "HEAD", is_chunked=True)
    return Framing(has_body=method != "HEAD", ends_connection=True)


def head_of(reply: HttpReply, framing: Framing, connection: str = "") -> bytes:
    """Return status line and headers; raise `ValueError` for a header that breaks its line.

    `connection` is the value of the header of this name, none if it is empty.
    """
    lines = [_status_line(reply.status)]
    dated = False
    for name, value in reply.headers:
        lower = name.lower()
        if lower in OWN_HEADERS:
            continue
        dated = dated or lower == "date"
        lines.append(f"{name}: {value}")
    if framing.header:
        lines.append(framing.header)
    if not dated:
        lines.append(date_line())
    if connection:
        lines.append(f"Connection: {connection}")
    return _joined(lines)


def upgraded_head_of(reply: HttpReply) -> bytes:
    """Return the head of a reply after which the connection speaks another protocol."""
    headers = (f"{name}: {value}" for name, value in reply.headers)
    return _joined([_status_line(reply.status), *headers])


def framed(pieces: Iterable[bytes], framing: Framing) -> Iterator[bytes]:
    """Yield the pieces of a body as they go over the wire.

    Raises `ValueError` when they are not as many bytes as was said: then only hanging up helps.
    """
    sent = 0
    for piece in pieces:
        if not piece:
            continue
        sent += len(piece)
        if framing.length is not None and sent > framing.length:
            raise ValueError(f"the body is longer than the {framing.length} bytes it declared")
        yield b"%x\r\n%b\r\n" % (len(piece), piece) if framing.is_chunked else piece
    if framing.length not in (None, sent):
        raise ValueError(f"the body ended after {sent} of {framing.length} bytes")
    if framing.is_chunked:
        yield b"0\r\n\r\n"


def plain(status: int, text: str) -> HttpReply:
    """Return a reply of one line of text."""
    return HttpReply(status, (("Content-Type", "text/plain; charset=utf-8"),), f"{text}\n".encode())


def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"


def _joined(lines: list[str]) -> bytes:
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count("\n") != breaks or text.count("\r") != breaks:
        raise ValueError(f"a header holds a line break: {text[:200]!r}")
    return f"{text}\r\n\r\n".encode("latin-1", "replace")


_last_date = (0, "")


def date_line() -> str:
    """Return the header line of now, made once a second."""
    global _last_date
    moment, line = _last_date
    now = int(time.time())
    if now != moment:
        line = f"Date: {formatdate(now, usegmt=True)}"
        _last_date = (now, line)
    return line
