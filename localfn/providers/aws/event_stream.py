"""Answers in pieces, in the frames that SDKs read (contract aws-lambda, section 5.2)."""

import struct
from collections.abc import Iterator, Mapping
from zlib import crc32

from localfn.providers.aws.errors import encoded

CONTENT_TYPE = "application/vnd.amazon.eventstream"
CHUNK_BYTES = 64 << 10
# The type of a header's value: text with two bytes of length before it.
_TEXT = 7


def chunks(payload: bytes) -> Iterator[bytes]:
    """Yield a part of an answer in frames."""
    for start in range(0, len(payload), CHUNK_BYTES):
        piece = payload[start : start + CHUNK_BYTES]
        yield frame("PayloadChunk", "application/octet-stream", piece)


def ending(told: Mapping[str, object]) -> bytes:
    """Return the frame that ends an answer."""
    return frame("InvokeComplete", "application/json", encoded(told))


def frame(event: str, content_type: str, payload: bytes) -> bytes:
    """Return one message: two lengths, their sum, headers, payload, the sum of it all."""
    headers = b"".join(
        _header(name, value)
        for name, value in (
            (":event-type", event),
            (":content-type", content_type),
            (":message-type", "event"),
        )
    )
    total = 12 + len(headers) + len(payload) + 4
    lengths = struct.pack(">II", total, len(headers))
    told = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return told + struct.pack(">I", crc32(told))


def _header(name: str, value: str) -> bytes:
    return struct.pack(
        f">B{len(name)}sBH{len(value)}s",
        len(name),
        name.encode(),
        _TEXT,
        len(value),
        value.encode(),
    )
