"""WebSocket as a server speaks it (RFC 6455): the handshake, frames in and out."""

import base64
import hashlib
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from localfn.gateway.replies import plain
from localfn.model import Headers, HttpReply, HttpRequest

VERSION = "13"
# Put behind a client's key to prove that this server has read it (section 1.3).
_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Kind(IntEnum):
    """What a frame is (section 5.2)."""

    MORE = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Code(IntEnum):
    """Why a connection ends (section 7.4.1)."""

    NORMAL = 1000
    AWAY = 1001
    NONSENSE = 1002
    NOT_SAID = 1005
    BROKEN_OFF = 1006
    NO_TEXT = 1007
    TOO_LARGE = 1009
    OUR_FAULT = 1011


class Broken(Exception):
    """The client does not speak WebSocket; the code says how badly."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(why)
        self.code = code


class Frame(NamedTuple):
    """One frame of a client, unmasked. `is_last` tells that its message is whole."""

    kind: Kind
    payload: bytes
    is_last: bool


def wants_upgrade(request: HttpRequest) -> bool:
    """Return whether a client asks for a WebSocket."""
    return request.header("upgrade").lower() == "websocket"


def refuse(request: HttpRequest) -> HttpReply | None:
    """Return the answer to a handshake that is none, None where it is one."""
    if request.header("sec-websocket-version") != VERSION:
        told = plain(426, f"Only version {VERSION} of WebSocket is spoken here.")
        return told._replace(headers=(*told.headers, ("Sec-WebSocket-Version", VERSION)))
    if request.method != "GET" or not request.header("sec-websocket-key"):
        return plain(400, "This is no handshake of WebSocket.")
    return None


def accepting(request: HttpRequest, more: Headers) -> Headers:
    """Return the headers of the answer that begins a WebSocket."""
    key = request.header("sec-websocket-key").strip() + _SALT
    proof = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()  # noqa: S324 - the protocol's
    return (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", proof),
        *more,
    )


def frame(kind: Kind, payload: bytes) -> bytes:
    """Return a whole message, or a sign, as a server sends it."""
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x80 | kind, size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", 0x80 | kind, 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | kind, 127, size)
    return head + payload


def closing(code: int, reason: str = "") -> bytes:
    """Return the frame that ends a connection."""
    return frame(Kind.CLOSE, struct.pack(">H", code) + reason.encode()[:123])


def code_of(payload: bytes) -> tuple[int, str]:
    """Return code and reason of a frame that ends a connection."""
    if len(payload) < 2:
        return Code.NOT_SAID, ""
    return struct.unpack(">H", payload[:2])[0], payload[2:].decode(errors="replace")


class Frames:
    """Puts the pieces that a client sends together to frames; raises `Broken`."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._came = bytearray()

    def cut(self, piece: bytes) -> Iterator[Frame]:
        """Yield the frames that are whole now."""
        self._came += piece
        while (found := self._first()) is not None:
            yield found

    def _first(self) -> Frame | None:
        came = self._came
        if len(came) < 2:
            return None
        kind, size, start = self._kind(came[0]), came[1] & 0x7F, 2
        if not came[1] & 0x80:
            raise Broken(Code.NONSENSE, "a client's frame is not masked")
        if kind >= Kind.CLOSE and (size > 125 or not came[0] & 0x80):
            raise Broken(Code.NONSENSE, "a sign is too long, or in pieces")
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(came) < start:
                return None
            size = int.from_bytes(came[2:start], "big")
        if size > self._most_bytes:
            raise Broken(Code.TOO_LARGE, f"a frame has {size} bytes")
        end = start + 4 + size
        if len(came) < end:
            return None
        payload = _unmasked(bytes(came[start + 4 : end]), bytes(came[start : start + 4]))
        found = Frame(kind, payload, bool(came[0] & 0x80))
        del came[:end]
        return found

    def _kind(self, first: int) -> Kind:
        if first & 0x70:
            raise Broken(Code.NONSENSE, "a frame uses an extension that nobody has asked for")
        try:
            return Kind(first & 0x0F)
        except ValueError:
            raise Broken(Code.NONSENSE, f"there is no frame of the kind {first & 0x0F}") from None


class Messages:
    """Puts frames together to messages; raises `Broken`."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kind: Kind | None = None
        self._text = b""

    def add(self, came: Frame) -> str | bytes | None:
        """Return the message that this frame ends, None while there is more to come."""
        if (came.kind is Kind.MORE) is (self._kind is None):
            raise Broken(Code.NONSENSE, "the pieces of a message do not follow each other")
        kind = came.kind if self._kind is None else self._kind
        self._kind, self._text = kind, self._text + came.payload
        if len(self._text) > self._most_bytes:
            raise Broken(Code.TOO_LARGE, f"a message has more than {self._most_bytes} bytes")
        if not came.is_last:
            return None
        whole, self._kind, self._text = self._text, None, b""
        if kind is Kind.BINARY:
            return whole
        try:
            return whole.decode()
        except UnicodeDecodeError:
            raise Broken(Code.NO_TEXT, "a message that says it is text is none") from None


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    told = int.from_bytes(payload, "big")
    over = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (told ^ over).to_bytes(size, "big")
