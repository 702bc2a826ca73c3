"""Scalars as the vendor's tools see them: YAML 1.2, printed the way JavaScript prints.

They differ from PyYAML's: `on` and `yes` are text, `12:30` is no number, and `1.0` prints as `1`.
"""

import json
import math
import re
from collections.abc import Callable

Scalar = str | int | float | bool | None

_NULL = {"", "~", "null", "Null", "NULL"}
_FLAGS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
# Longer numbers do not survive in JavaScript, and leading zeros mean something to their author.
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?(0|[1-9][0-9]{0,17})"), int),
    (re.compile(r"0x[0-9a-fA-F]{1,14}"), lambda text: int(text, 16)),
    (re.compile(r"0o[0-7]{1,18}"), lambda text: int(text, 8)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]{1,3})?"), float),
)


def scalar(text: str) -> Scalar:
    """Return what an unquoted word means."""
    if text in _NULL:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    for pattern, number in _NUMBERS:
        if pattern.fullmatch(text):
            return number(text)
    return text


def text_of(value: Scalar) -> str:
    """Return a scalar as text: `true`, `1`, `0.5`, and nothing for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return json.dumps(value)


def number_of(value: Scalar) -> float | None:
    """Return the number that a scalar is or spells, or None."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
