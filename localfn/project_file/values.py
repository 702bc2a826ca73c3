"""Whether a single value is what its rule says, and what it should have been."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import NamedTuple

from localfn.nearest import nearest
from localfn.project_file.schema import Rule

Test = Callable[[object], bool]


class Refusal(NamedTuple):
    """Why a value cannot be: `reason` goes on after "`KEY` is `VALUE`, "."""

    reason: str
    hint: str


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value)


def _is_whole(value: object) -> bool:
    # As in JSON Schema, 3.0 is a whole number.
    return _is_number(value) and float(str(value)).is_integer()


# type -> how it is told, and what it is called
_TYPES: Mapping[str, tuple[Test, str]] = {
    "string": (lambda value: isinstance(value, str), "text"),
    "integer": (_is_whole, "a whole number"),
    "number": (_is_number, "a number"),
    "boolean": (lambda value: isinstance(value, bool), "`true` or `false`"),
    "object": (lambda value: isinstance(value, Mapping), "a mapping"),
    "array": (lambda value: isinstance(value, list | tuple), "a list"),
}
# keyword -> whether a value keeps within it, and how it is told
_BOUNDS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "minimum": (lambda value, bound: value >= bound, "less than {bound}"),
    "maximum": (lambda value, bound: value <= bound, "more than {bound}"),
    "exclusiveMinimum": (lambda value, bound: value > bound, "not more than {bound}"),
}


def refusal(value: object, rule: Rule) -> Refusal | None:
    """Return why this value cannot be what its rule says; None where it can."""
    if rule.choices and value not in rule.choices:
        known = [str(each) for each in rule.choices]
        near = nearest(str(value), known)
        listed = f"It is one of {', '.join(known)}."
        return Refusal("which it cannot be", f"{near} {listed}" if "mean" in near else listed)
    if rule.types and not any(_TYPES[each][0](value) for each in rule.types):
        wanted = " or ".join(_TYPES[each][1] for each in rule.types)
        return Refusal(f"which is not {wanted}", rule.word("description"))
    if isinstance(value, str) and not value and rule.told.get("minLength"):
        return Refusal("which is empty", rule.word("description"))
    return _out_of_bounds(value, rule)


def _out_of_bounds(value: object, rule: Rule) -> Refusal | None:
    for keyword, (holds, told) in _BOUNDS.items():
        bound = rule.told.get(keyword)
        if isinstance(bound, int | float) and _is_number(value) and not holds(value, bound):  # type: ignore[arg-type]
            return Refusal(f"which is {told.format(bound=bound)}", rule.word("description"))
    return None
