"""Values that follow from other values, so that an event agrees with itself.

A source says `derive: {md5: content, upper: true}`: the first key is the derivation and its value
what it is made of, the others are its options. The list is closed and documented in
`events/README.md`.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

from localfn.payloads.fakes import Chance
from localfn.payloads.slots import as_text

Options = Mapping[str, object]
Derivation = Callable[[object, Options, Chance], object]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
CHINA = timezone(timedelta(hours=8))


def as_bytes(value: object) -> bytes:
    """Return what a value weighs on the wire."""
    return as_text(value).encode()


def _md5(value: object, options: Options, _: Chance) -> str:
    digest = hashlib.md5(as_bytes(value), usedforsecurity=False).hexdigest()
    return digest.upper() if options.get("upper") else digest


def _size(value: object, _: Options, __: Chance) -> int:
    return len(as_bytes(value))


def _base64(value: object, _: Options, __: Chance) -> str:
    return base64.b64encode(as_bytes(value)).decode()


def _bytes(value: object, _: Options, __: Chance) -> list[int]:
    return list(as_bytes(value))


def _negative(value: object, _: Options, __: Chance) -> int:
    assert isinstance(value, int)
    return -value


def _sum(values: object, _: Options, __: Chance) -> int:
    assert isinstance(values, list)
    return sum(values)


def _text(value: object, _: Options, __: Chance) -> str:
    return as_text(value)


def _json_text(value: object, _: Options, __: Chance) -> str:
    return json.dumps(value, ensure_ascii=False)


def _query(value: object, _: Options, __: Chance) -> str:
    """Return the query part of a URL, with its question mark."""
    assert isinstance(value, dict)
    return "?" + urlencode({key: as_text(each) for key, each in value.items()}) if value else ""


def _lists(value: object, _: Options, __: Chance) -> dict[str, list[object]]:
    """Return an object whose values stand in arrays, as headers that may repeat do."""
    assert isinstance(value, dict)
    return {key: each if isinstance(each, list) else [each] for key, each in value.items()}


def _mime(name: object, _: Options, __: Chance) -> str:
    """Return the content type that a name's ending means, the same on every machine."""
    from mimetypes import MimeTypes

    # Built-in tables only: the system's files differ, and a seed must repeat.
    return MimeTypes().guess_type(f"file:///{name}")[0] or "application/octet-stream"


def _hex(digits: object, options: Options, chance: Chance) -> str:
    assert isinstance(digits, int)
    text = chance.hex(digits)
    return text.upper() if options.get("upper") else text


def _uuid(_: object, __: Options, chance: Chance) -> str:
    return chance.uuid()


def _number(digits: object, _: Options, chance: Chance) -> int:
    assert isinstance(digits, int)
    return chance.number(digits)


def _time(value: object, options: Options, _: Chance) -> object:
    """Return a moment, shifted by `add_ms` and written in `format`."""
    add_ms = options.get("add_ms", 0)
    assert isinstance(add_ms, int)
    moment = to_moment(value) + timedelta(milliseconds=add_ms)
    return TIME_FORMATS[str(options.get("format", "iso"))](moment)


def to_moment(value: object) -> datetime:
    """Return the moment an ISO text or a number of epoch seconds means, in UTC."""
    if isinstance(value, int | float):
        return EPOCH + timedelta(seconds=value)
    text = str(value)
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(
        timezone.utc
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso_ms(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _china(moment: datetime) -> str:
    return moment.astimezone(CHINA).isoformat(timespec="seconds")


def _count(**unit: int) -> Callable[[datetime], int]:
    """Return what counts whole units since the epoch, without the errors of a float."""
    return lambda moment: (moment - EPOCH) // timedelta(**unit)


TIME_FORMATS: Mapping[str, Callable[[datetime], object]] = {
    "iso": _iso,
    "iso-ms": _iso_ms,
    "iso-china": _china,
    "epoch-s": _count(seconds=1),
    "epoch-ms": _count(milliseconds=1),
    "epoch-us": _count(microseconds=1),
    "epoch-ms-text": lambda moment: str(_count(milliseconds=1)(moment)),
    "epoch-s-hex": lambda moment: f"{_count(seconds=1)(moment):08x}",
}

DERIVATIONS: Mapping[str, Derivation] = {
    "md5": _md5,
    "size": _size,
    "base64": _base64,
    "bytes": _bytes,
    "negative": _negative,
    "sum": _sum,
    "text": _text,
    "json-text": _json_text,
    "query": _query,
    "lists": _lists,
    "mime": _mime,
    "time": _time,
    "hex": _hex,
    "uuid": _uuid,
    "number": _number,
}
# Made of a number of digits, or of nothing: their value names no field.
FROM_NOTHING = frozenset({"hex", "uuid", "number"})
# `each` fills a small tree for every entry of an object or array (`Values` does it: it fills).
EACH = "each"
# derivation -> the options it takes
OPTIONS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys((*DERIVATIONS,), frozenset[str]()),
    "md5": frozenset({"upper"}),
    "hex": frozenset({"upper"}),
    "time": frozenset({"format", "add_ms"}),
    EACH: frozenset({"as"}),
}
