"""Frames on one byte stream: the wire of our own bootstraps (ARCHITECTURE.md, "The wire").

A frame is eight bytes of lengths (big-endian: all that follows, then the header's share), a small
JSON header, and the payload as raw bytes. Payloads are never parsed, never base64.
"""

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

PROTOCOL = 1
LENGTHS = struct.Struct(">II")
MOST_HEADER_BYTES = 1 << 20
MOST_FRAME_BYTES = 256 << 20


class ChannelClosed(Exception):
    """The other side will not say anything more."""


class BrokenFrame(Exception):
    """The other side speaks nonsense; the message says which."""


class Frame(NamedTuple):
    """One message. `header["kind"]` says what it is."""

    header: Mapping[str, object]
    payload: bytes = b""

    @property
    def kind(self) -> str:
        """Return what this frame is."""
        return str(self.header.get("kind", ""))


class Channel(Protocol):
    """One conversation with one guest, whatever carries it."""

    def send(
        self, header: Mapping[str, object], payload: bytes = b"", limit_s: float | None = None
    ) -> None:
        """Send one frame.

        Raises `ChannelClosed` when nobody listens, `TimeoutError` when the guest does not take
        it in time: then part of it may have gone, and only ending the guest helps.
        """

    def receive(self, limit_s: float | None) -> Frame | None:
        """Return the next frame, None when none came in time; raise `ChannelClosed` at the end."""


def encode(header: Mapping[str, object], payload: bytes = b"") -> tuple[bytes, bytes]:
    """Return the bytes of a frame: what goes before the payload, and the payload itself."""
    head = json.dumps(header, separators=(",", ":")).encode()
    return LENGTHS.pack(len(head) + len(payload), len(head)) + head, payload


def read_frames(read_exactly: Callable[[int], bytes]) -> Iterator[Frame]:
    """Yield frames until the stream ends between two of them.

    `read_exactly(n)` returns n bytes, or fewer at the end of the stream. Raises `BrokenFrame` for
    lengths that cannot be, a header that is not a JSON object, or an end within a frame.
    """
    while True:
        lengths = read_exactly(LENGTHS.size)
        if not lengths:
            return
        yield _read_rest(lengths, read_exactly)


def _read_rest(lengths: bytes, read_exactly: Callable[[int], bytes]) -> Frame:
    if len(lengths) < LENGTHS.size:
        raise BrokenFrame("the stream ended within the lengths of a frame")
    total, head_size = LENGTHS.unpack(lengths)
    if total > MOST_FRAME_BYTES or head_size > min(total, MOST_HEADER_BYTES):
        raise BrokenFrame(f"a frame of {total} bytes with a header of {head_size} cannot be")
    head = read_exactly(head_size)
    payload = read_exactly(total - head_size)
    if len(head) + len(payload) < total:
        raise BrokenFrame(f"the stream ended within a frame of {total} bytes")
    return Frame(_read_header(head), payload)


def _read_header(head: bytes) -> Mapping[str, object]:
    try:
        header = json.loads(head)
    except ValueError as error:
        raise BrokenFrame(f"a frame's header is not JSON: {head[:80]!r}") from error
    if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
        raise BrokenFrame(f"a frame's header names no kind: {head[:80]!r}")
    return header
