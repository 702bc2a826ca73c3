"""CBOR, as far as event payloads need it (RFC 8949, deterministic as in section 4.2.1)."""

import math
import struct
from collections.abc import Callable, Mapping
from enum import IntEnum

WIDTHS = ((24, 1), (25, 2), (26, 4), (27, 8))
SIMPLE = {False: b"\xf4", True: b"\xf5", None: b"\xf6"}
BIGGEST = 2**64 - 1


class Major(IntEnum):
    """The upper three bits of a head."""

    UNSIGNED = 0
    NEGATIVE = 1
    BYTES = 2
    TEXT = 3
    ARRAY = 4
    MAP = 5
    TAG = 6


def dumps(value: object) -> bytes:
    """Return a value in its one deterministic encoding; raise `TypeError` for other types."""
    if value is None or isinstance(value, bool):
        return SIMPLE[value]
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"CBOR has no place for {type(value).__name__}")


def _head(major: Major, number: int) -> bytes:
    first = major << 5
    if number < 24:
        return bytes([first | number])
    for code, width in WIDTHS:
        if number < 1 << (8 * width):
            return bytes([first | code]) + number.to_bytes(width, "big")
    raise OverflowError(number)


def _integer(value: int) -> bytes:
    major, number = (Major.UNSIGNED, value) if value >= 0 else (Major.NEGATIVE, -1 - value)
    if number <= BIGGEST:
        return _head(major, number)
    # A bignum: tag 2 or 3, then the number's bytes.
    return _head(Major.TAG, 2 + major) + _bytes(
        number.to_bytes((number.bit_length() + 7) // 8, "big")
    )


def _float(value: float) -> bytes:
    """Return the shortest of the three widths that keeps the value."""
    if math.isnan(value):
        return b"\xf9\x7e\x00"
    for head, form in ((b"\xf9", ">e"), (b"\xfa", ">f")):
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return head + packed
    return b"\xfb" + struct.pack(">d", value)


def _bytes(value: bytes) -> bytes:
    return _head(Major.BYTES, len(value)) + value


def _text(value: str) -> bytes:
    content = value.encode()
    return _head(Major.TEXT, len(content)) + content


def _array(value: list[object] | tuple[object, ...]) -> bytes:
    return _head(Major.ARRAY, len(value)) + b"".join(dumps(each) for each in value)


def _map(value: Mapping[object, object]) -> bytes:
    pairs = sorted((dumps(key), dumps(each)) for key, each in value.items())
    return _head(Major.MAP, len(pairs)) + b"".join(key + each for key, each in pairs)


_WRITERS: Mapping[type | tuple[type, ...], Callable[..., bytes]] = {
    int: _integer,
    float: _float,
    bytes: _bytes,
    str: _text,
    (list, tuple): _array,
    dict: _map,
}
