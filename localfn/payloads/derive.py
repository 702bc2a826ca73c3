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

from localfn.payloads.fakes import Chance

Options = Mapping[str, object]
Derivation = Callable[[object, Options, Chance], object]


def as_bytes(value: object) -> bytes:
    """Return what a value weighs on the wire."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value, ensure_ascii=False).encode()


def _md5(value: object, options: Options, _: Chance) -> str:
    digest = hashlib.md5(as_bytes(value), usedforsecurity=False).hexdigest()
    return digest.upper() if options.get("upper") else digest


def _size(value: object, _: Options, __: Chance) -> int:
    return len(as_bytes(value))


def _base64(value: object, _: Options, __: Chance) -> str:
    return base64.b64encode(as_bytes(value)).decode()


def _negative(value: object, _: Options, __: Chance) -> int:
    assert isinstance(value, int)
    return -value


def _sum(values: object, _: Options, __: Chance) -> int:
    assert isinstance(values, list)
    return sum(values)


def _json_text(value: object, _: Options, __: Chance) -> str:
    return json.dumps(value, ensure_ascii=False)


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
        return datetime.fromtimestamp(value, timezone.utc)
    text = str(value)
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso_ms(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _china(moment: datetime) -> str:
    return moment.astimezone(timezone(timedelta(hours=8))).isoformat(timespec="seconds")


TIME_FORMATS: Mapping[str, Callable[[datetime], object]] = {
    "iso": _iso,
    "iso-ms": _iso_ms,
    "iso-china": _china,
    "epoch-s": lambda moment: int(moment.timestamp()),
    "epoch-ms": lambda moment: int(moment.timestamp() * 1000),
    "epoch-us": lambda moment: int(moment.timestamp() * 1_000_000),
    "epoch-ms-text": lambda moment: str(int(moment.timestamp() * 1000)),
}

# Derivations of another field's value; the last three are made of a number or of nothing.
DERIVATIONS: Mapping[str, Derivation] = {
    "md5": _md5,
    "size": _size,
    "base64": _base64,
    "negative": _negative,
    "sum": _sum,
    "json-text": _json_text,
    "time": _time,
    "hex": _hex,
    "uuid": _uuid,
    "number": _number,
}
FROM_NOTHING = frozenset({"hex", "uuid", "number"})
