"""How CloudFormation reads YAML: version 1.1 without dates, and short forms of its functions."""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress

from localfn.templates.file import Ways
from localfn.templates.scalars import Scalar
from localfn.templates.tree import Node

_YAML = "tag:yaml.org,2002:"
_TRUE = frozenset({"yes", "true", "on"})
# These stand for themselves; all other tags are `Fn::TAG`.
_PLAIN = frozenset({"Ref", "Condition"})


def scalar(text: str, tag: str) -> Scalar:
    """Return what an unquoted word means, for which YAML 1.1 has this tag."""
    read = _READ.get(tag.removeprefix(_YAML))
    with suppress(ValueError, OverflowError):
        return text if read is None else read(text)
    return text


def long_form(node: Node, tag: str) -> Node:
    """Return `!Sub x` as `{Fn::Sub: x}`: one form is enough from here on."""
    name = tag.removeprefix("!")
    key = name if name in _PLAIN else f"Fn::{name}"
    return Node({key: node.named(key, node.place)}, node.place, node.name, tag=tag)


def written(value: Scalar) -> str:
    """Return a scalar as CloudFormation hands it on as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _whole(text: str) -> int:
    plain = text.replace("_", "").lower()
    sign, digits = (-1, plain[1:]) if plain.startswith("-") else (1, plain.lstrip("+"))
    if ":" in digits:
        return sign * int(_sixties(digits))
    if digits.startswith("0") and digits.isdigit() and len(digits) > 1:
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _fraction(text: str) -> float | str:
    plain = text.replace("_", "").lower()
    if plain.lstrip("+-") in (".inf", ".nan"):
        return text
    if ":" in plain:
        sign = -1 if plain.startswith("-") else 1
        return sign * _sixties(plain.lstrip("+-"))
    found = float(plain)
    return found if math.isfinite(found) else text


def _sixties(text: str) -> float:
    """Return `1:30` as YAML 1.1 does: as 90."""
    total = 0.0
    for each in text.split(":"):
        total = total * 60 + float(each)
    return total


_READ: Mapping[str, Callable[[str], Scalar]] = {
    "null": lambda _: None,
    "bool": lambda text: text.lower() in _TRUE,
    "int": _whole,
    "float": _fraction,
}

WAYS = Ways(scalar, long_form, "`AWSTemplateFormatVersion: '2010-09-09'` and `Resources:`")
