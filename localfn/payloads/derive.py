"""Values that follow from other values, so that an event agrees with itself.

A source says `derive: {md5: content, upper: true}`: the first key is the derivation and its value
what it is made of, the others are its options. The list is closed and documented in
`events/README.md`.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import urlencode

from localfn.errors import UsageError
from localfn.payloads import binary, objects, paths
from localfn.payloads.binary import as_bytes
from localfn.payloads.fakes import Chance
from localfn.payloads.moments import EPOCH, to_moment, write
from localfn.payloads.slots import as_text

Options = Mapping[str, object]
Derivation = Callable[[object, Options, Chance], object]


def _md5(value: object, options: Options, _: Chance) -> str:
    digest = hashlib.md5(as_bytes(value), usedforsecurity=False).hexdigest()
    return _cased(digest, options)


def _md5_bytes(value: object, _: Options, __: Chance) -> bytes:
    return hashlib.md5(as_bytes(value), usedforsecurity=False).digest()


def _size(value: object, _: Options, __: Chance) -> int:
    return len(as_bytes(value))


def _base64(value: object, _: Options, __: Chance) -> str:
    return base64.b64encode(as_bytes(value)).decode()


def _bytes(value: object, _: Options, __: Chance) -> list[int]:
    return list(as_bytes(value))


def _gzip(value: object, _: Options, __: Chance) -> bytes:
    return binary.zipped(value)


def _join(values: object, _: Options, __: Chance) -> bytes:
    assert isinstance(values, list)
    return b"".join(as_bytes(each) for each in values)


def _unhex(value: object, _: Options, __: Chance) -> bytes:
    return bytes.fromhex(as_text(value))


def _unbase64(value: object, _: Options, __: Chance) -> bytes:
    try:
        return base64.b64decode(as_text(value), validate=True)
    except ValueError as error:
        raise UsageError(
            f"`{as_text(value)}` is no base64: {error}.", hint="`base64 -w0 FILE` writes some."
        ) from error


def _prefixed(value: object, _: Options, __: Chance) -> bytes:
    return binary.prefixed(value)


def _protobuf(value: object, _: Options, __: Chance) -> bytes:
    return binary.protobuf(value)


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


def _query(value: object, options: Options, _: Chance) -> str:
    """Return the query part of a URL, with its question mark unless `mark` is false."""
    pairs = [(key, as_text(one)) for key, each in objects.listed(value).items() for one in each]
    mark = "?" if pairs and options.get("mark", True) else ""
    return mark + urlencode(pairs)


def _lists(value: object, _: Options, __: Chance) -> dict[str, list[object]]:
    return objects.listed(value)


def _last(value: object, _: Options, __: Chance) -> dict[str, object]:
    return objects.last(value)


def _joined(value: object, options: Options, _: Chance) -> object:
    return objects.joined(value, str(options.get("with", ",")))


def _lower(value: object, _: Options, __: Chance) -> object:
    return objects.lowered(value)


def _upper(value: object, _: Options, __: Chance) -> str:
    return as_text(value).upper()


def _merged(values: object, options: Options, _: Chance) -> dict[str, object]:
    return objects.merged(values, any_case=bool(options.get("any_case")))


def _sorted(value: object, _: Options, __: Chance) -> dict[str, object]:
    return objects.sorted_keys(value)


def _typed(value: object, options: Options, _: Chance) -> object:
    names = options.get("names", {})
    assert isinstance(names, Mapping)
    if options.get("inside") and isinstance(value, dict):
        return {name: objects.typed(each, names) for name, each in value.items()}
    return objects.typed(value, names)


def _lookup(value: object, options: Options, _: Chance) -> object:
    return objects.looked_up(value, options.get("in", {}))


def _either(value: object, options: Options, _: Chance) -> object:
    return options.get("then") if value else options.get("else")


def _filled(values: object, _: Options, chance: Chance) -> str:
    """Return a path of a template, with the parameters that are given or an invented number."""
    assert isinstance(values, list)
    template, given = values
    assert isinstance(given, Mapping)
    return paths.filled(as_text(template), given, str(chance.number(4)))


def _matched(values: object, _: Options, __: Chance) -> dict[str, str]:
    assert isinstance(values, list)
    template, path = values
    return paths.parameters(as_text(template), as_text(path)) or {}


def _mime(name: object, _: Options, __: Chance) -> str:
    """Return the content type that a name's ending means, the same on every machine."""
    from mimetypes import MimeTypes

    # Built-in tables only: the system's files differ, and a seed must repeat.
    return MimeTypes().guess_type(f"file:///{name}")[0] or "application/octet-stream"


def _hex(digits: object, options: Options, chance: Chance) -> str:
    assert isinstance(digits, int)
    return _cased(chance.hex(digits), options)


def _letters(count: object, options: Options, chance: Chance) -> str:
    assert isinstance(count, int)
    return _cased(chance.letters(count), options)


def _cased(text: str, options: Options) -> str:
    if options.get("lower"):
        return text.lower()
    return text.upper() if options.get("upper") else text


def _uuid(_: object, __: Options, chance: Chance) -> str:
    return chance.uuid()


def _number(digits: object, _: Options, chance: Chance) -> int:
    assert isinstance(digits, int)
    return chance.number(digits)


def _time(value: object, options: Options, _: Chance) -> object:
    """Return a moment: rounded down to `floor_s`, then shifted, and written in `format`."""
    moment = to_moment(value)
    if "floor_s" in options:
        moment -= (moment - EPOCH) % timedelta(seconds=_whole(options["floor_s"]))
    shift = timedelta(
        seconds=_whole(options.get("add_s", 0)), milliseconds=_whole(options.get("add_ms", 0))
    )
    return write(moment + shift, str(options.get("format", "iso")))


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


DERIVATIONS: Mapping[str, Derivation] = {
    "md5": _md5,
    "md5-bytes": _md5_bytes,
    "size": _size,
    "base64": _base64,
    "bytes": _bytes,
    "gzip": _gzip,
    "join": _join,
    "unhex": _unhex,
    "unbase64": _unbase64,
    "prefixed": _prefixed,
    "protobuf": _protobuf,
    "negative": _negative,
    "sum": _sum,
    "text": _text,
    "json-text": _json_text,
    "query": _query,
    "lists": _lists,
    "last": _last,
    "joined": _joined,
    "lower": _lower,
    "upper": _upper,
    "merged": _merged,
    "sorted": _sorted,
    "typed": _typed,
    "lookup": _lookup,
    "either": _either,
    "filled": _filled,
    "matched": _matched,
    "mime": _mime,
    "time": _time,
    "hex": _hex,
    "letters": _letters,
    "uuid": _uuid,
    "number": _number,
}
# Made of a number of digits, or of nothing: their value names no field.
FROM_NOTHING = frozenset({"hex", "letters", "uuid", "number"})
# `each` fills a small tree for every entry of an object or array (`Values` does it: it fills).
EACH = "each"
# `pick` is the value of the field that stands beside a word (`Values` does it: it looks up).
PICK = "pick"
# Names inside the tree of `each`.
ENTRY = frozenset({"name", "value", "text", "kind", "signed_bytes"})
# Options that name a field where they are a text.
OF_FIELDS = frozenset({"then", "else", "add_ms", "add_s", "floor_s"})
# derivation -> the options it takes
OPTIONS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys((*DERIVATIONS,), frozenset[str]()),
    "md5": frozenset({"upper"}),
    "hex": frozenset({"upper"}),
    "letters": frozenset({"upper", "lower"}),
    "query": frozenset({"mark"}),
    "joined": frozenset({"with"}),
    "merged": frozenset({"any_case"}),
    "typed": frozenset({"names", "inside"}),
    "lookup": frozenset({"in"}),
    "either": frozenset({"then", "else"}),
    "time": frozenset({"format", "add_ms", "add_s", "floor_s"}),
    EACH: frozenset({"as", "keyed", "kinds"}),
    PICK: frozenset({"of"}),
}
