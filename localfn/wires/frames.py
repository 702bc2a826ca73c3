"""Frames on one byte stream: the wire of our own bootstraps (ARCHITECTURE.md, "The wire").

A frame is eight bytes of lengths (big-endian: all that follows, then the header's share), a small
JSON header, and the payload as raw bytes. Payloads are never parsed, never base64.
"""

import json
import struct
from collections.abc import Mapping
from typing import NamedTuple

PROTOCOL = 1
LENGTHS = struct.Struct(">II")
MOST_HEADER_BYTES = 1 << 20
MOST_FRAME_BYTES = 256 << 20
# `json.dumps` would make an encoder for each frame.
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_from_json = json.JSONDecoder().decode


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


def encode(header: Mapping[str, object], payload: bytes = b"") -> tuple[bytes, bytes]:
    """Return the bytes of a frame: what goes before the payload, and the payload itself."""
    head = _to_json(header).encode()
    return LENGTHS.pack(len(head) + len(payload), len(head)) + head, payload


class Assembly:
    """Puts the pieces of a stream together to frames, however they arrive.

    `feed` raises `BrokenFrame` for lengths that cannot be and for a header that is not a JSON
    object, `end` for a stream that ends within a frame. `missing` is how much is still to come of
    a payload.
    """

    def __init__(self) -> None:
        self._kept = b""
        self._header: Mapping[str, object] | None = None
        self._parts: list[bytes] = []
        self.missing = 0

    def feed(self, piece: bytes) -> list[Frame]:
        """Return the frames that are whole with this piece."""
        frames = []
        while piece:
            if self._header is None:
                piece = self._take_header(piece)
                if self._header is None:
                    break
            part = piece if len(piece) <= self.missing else piece[: self.missing]
            self._parts.append(part)
            self.missing -= len(part)
            piece = piece[len(part) :]
            if not self.missing:
                frames.append(self._finish())
        return frames

    def end(self) -> None:
        """Say that nothing more will come."""
        if self._kept or self._header is not None:
            raise BrokenFrame("the stream ended within a frame")

    def _take_header(self, piece: bytes) -> bytes:
        """Read the start of a frame; return what is behind it, or keep what is not yet enough."""
        piece = self._kept + piece if self._kept else piece
        self._kept = b""
        if len(piece) >= LENGTHS.size:
            total, size = LENGTHS.unpack_from(piece)
            if total > MOST_FRAME_BYTES or size > min(total, MOST_HEADER_BYTES):
                raise BrokenFrame(f"a frame of {total} bytes with a header of {size} cannot be")
            start = LENGTHS.size + size
            if len(piece) >= start:
                self._header = _read_header(piece[LENGTHS.size : start])
                self.missing = total - size
                return piece[start:]
        self._kept = piece
        return b""

    def _finish(self) -> Frame:
        header, parts = self._header, self._parts
        assert header is not None
        self._header, self._parts = None, []
        return Frame(header, parts[0] if len(parts) == 1 else b"".join(parts))


def _read_header(head: bytes) -> Mapping[str, object]:
    try:
        header = _from_json(head.decode())
    except (ValueError, RecursionError) as error:
        raise BrokenFrame(f"a frame's header is not JSON: {head[:80]!r}") from error
    if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
        raise BrokenFrame(f"a frame's header names no kind: {head[:80]!r}")
    return header
