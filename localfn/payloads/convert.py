"""Given values as the types of their fields: from the command line they are all text."""

import json
import re
from collections.abc import Callable, Mapping

from localfn.errors import UsageError
from localfn.payloads.moments import to_moment
from localfn.payloads.source import Field

TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def convert(field: Field, given: object) -> object:
    """Return a given value as its field's type; raise `UsageError` when it is none."""
    parse, expected = _TYPES[field.type]
    try:
        value = parse(given)
        # What JSON in UTF-8 cannot say: lone surrogates, bytes of other encodings, NaN.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        shown = str(given).encode(errors="backslashreplace").decode()
        raise UsageError(
            f"`{field.name}` is `{shown}`, which is no {field.type}.",
            hint=f"Write {expected}. {field.help}".strip(),
        ) from error
    if field.choices and value not in field.choices:
        known = ", ".join(str(each) for each in field.choices)
        raise UsageError(f"`{field.name}` is `{given}`.", hint=f"It is one of {known}.")
    return value


def _string(given: object) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)  # YAML reads an account's number as one
    raise TypeError


def _integer(given: object) -> int:
    if isinstance(given, str) or type(given) is int:
        return int(given)
    raise TypeError


def _number(given: object) -> float:
    if isinstance(given, str) or type(given) in (int, float):
        return float(given)  # type: ignore[arg-type]
    raise TypeError


def _boolean(given: object) -> bool:
    return given if isinstance(given, bool) else TRUTHS[str(given).lower()]


def _json(given: object) -> object:
    return json.loads(given) if isinstance(given, str) else given


def _object(given: object) -> dict[str, object]:
    value = _json(given)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _list(given: object) -> list[object]:
    if isinstance(given, str) and not given.startswith("["):
        return [each.strip() for each in given.split(",")] if given else []
    value = _json(given)
    if isinstance(value, list | tuple):
        return list(value)
    raise TypeError


def _time(given: object) -> str:
    """Return a moment as ISO text; epoch seconds are told from a date by their length."""
    seconds = re.fullmatch(r"\d{9,}(\.\d+)?", given) if isinstance(given, str) else None
    moment = to_moment(float(seconds[0]) if seconds else given)
    if not 1970 <= moment.year <= 9000:
        raise ValueError
    return moment.isoformat()


# type -> how it is read, and what a wrong value should have been
_TYPES: Mapping[str, tuple[Callable[[object], object], str]] = {
    "string": (_string, "text in UTF-8"),
    "integer": (_integer, "a whole number such as `3`"),
    "number": (_number, "a number such as `2.5`"),
    "boolean": (_boolean, "`true` or `false`"),
    "json": (_json, 'JSON such as `{"key": 1}` or `"text"`'),
    "object": (_object, 'a JSON object such as `{"key": "value"}`'),
    "list": (_list, "`one,two` or a JSON array"),
    "time": (_time, "a moment such as `2026-03-04T05:06:07Z`, or seconds since 1970"),
}
TYPES = frozenset(_TYPES)
