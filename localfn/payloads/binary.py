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


def prefixed(values: object) -> bytes:
    """Return texts behind their lengths in four bytes, and numbers as single bytes."""
    assert isinstance(values, list)
    return b"".join(
        prefixed(each)
        if isinstance(each, list)
        else bytes([each])
        if isinstance(each, int)
        else len(as_bytes(each)).to_bytes(4, "big") + as_bytes(each)
        for each in values
    )


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
