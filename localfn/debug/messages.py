"""Messages of the Debug Adapter Protocol: a `Content-Length` header, then a JSON object."""

import json
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

MOST_HEAD_BYTES = 4096
MOST_BODY_BYTES = 256 << 20


class BrokenMessage(Exception):
    """The other side does not speak the protocol; the message says what it said."""


class Message(NamedTuple):
    """One message: what it says, and its bytes as they came."""

    told: Mapping[str, object]
    raw: bytes

    @property
    def kind(self) -> str:
        """Return `request`, `response` or `event`."""
        return str(self.told.get("type", ""))

    @property
    def name(self) -> str:
        """Return the command of a request or response, or the name of an event."""
        return str(self.told.get("event" if self.kind == "event" else "command", ""))

    @property
    def seq(self) -> int:
        """Return the sender's own number of this message."""
        return _number(self.told.get("seq"))

    @property
    def request_seq(self) -> int:
        """Return the number of the request that this response answers."""
        return _number(self.told.get("request_seq"))

    @property
    def arguments(self) -> Mapping[str, object]:
        """Return the arguments of a request."""
        given = self.told.get("arguments")
        return given if isinstance(given, dict) else {}


def message(told: Mapping[str, object]) -> Message:
    """Return the message that says this."""
    body = json.dumps(told, separators=(",", ":")).encode()
    return Message(told, b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def read(stream: BinaryIO) -> Message | None:
    """Return the next message, None at the end of the stream.

    Raises `BrokenMessage` for what is no message, and for an end within one.
    """
    head = _read_head(stream)
    if not head:
        return None
    size = _length(head)
    body = stream.read(size)
    if len(body) < size:
        raise BrokenMessage(f"the stream ended within a message of {size} bytes")
    try:
        told = json.loads(body)
    except ValueError as error:
        raise BrokenMessage(f"a message is not JSON: {body[:80]!r}") from error
    if not isinstance(told, dict):
        raise BrokenMessage(f"a message is not an object: {body[:80]!r}")
    return Message(told, head + body)


def _read_head(stream: BinaryIO) -> bytes:
    """Return the header and the blank line behind it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(MOST_HEAD_BYTES)
        if not line and not head:
            return b""
        head += line
        if not line.endswith(b"\r\n") or len(head) > MOST_HEAD_BYTES:
            raise BrokenMessage(f"this is no header: {head[:80]!r}")
    return head


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            size = int(value)
            if size <= MOST_BODY_BYTES:
                return size
    raise BrokenMessage(f"a header without a length that can be: {head[:80]!r}")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
