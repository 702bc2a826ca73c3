"""Values that are bytes: made here, and written in base64 where they enter a payload."""

import gzip
from collections.abc import Iterator
from itertools import chain

from localfn.payloads.slots import as_text

VARINT, DELIMITED = 0, 2


def as_bytes(value: object) -> bytes:
    """Return what a value weighs on the wire."""
    return value if isinstance(value, bytes) else as_text(value).encode()


def zipped(value: object) -> bytes:
    """Return a value compressed by gzip: the same bytes at any time."""
    return gzip.compress(as_bytes(value), mtime=0)


def prefixed(value: object) -> bytes:
    """Return a text behind its length in four bytes, a number as a byte, an array as all of its."""
    if isinstance(value, list):
        return b"".join(map(prefixed, value))
    if isinstance(value, int):
        return bytes([value])
    content = as_bytes(value)
    return len(content).to_bytes(4, "big") + content


def protobuf(fields: object) -> bytes:
    """Return a message made of pairs of a field's number and its value.

    A whole number is written as a varint, a list as a message of its own, all else as its bytes.
    """
    assert isinstance(fields, list)
    return bytes(chain.from_iterable(_field(number, value) for number, value in fields))


def _field(number: int, value: object) -> Iterator[int]:
    if isinstance(value, int):
        yield from _varint(number << 3 | VARINT)
        yield from _varint(value)
        return
    content = protobuf(value) if isinstance(value, list) else as_bytes(value)
    yield from _varint(number << 3 | DELIMITED)
    yield from _varint(len(content))
    yield from content


def _varint(number: int) -> Iterator[int]:
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number
