"""Objects that follow from other objects: headers, queries, typed attributes."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from localfn.payloads.slots import as_text

# What a value is, in the words of `typed` and of `each`.
KINDS = ("text", "number", "boolean", "nothing", "list", "object")


def kind_of(value: object) -> str:
    """Return what a value of JSON is."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "object"


def typed(value: object, names: Mapping[str, str]) -> dict[str, object]:
    """Return a value under the name of its kind, and so all that is in it; numbers as text."""
    kind = kind_of(value)
    inside: object = value
    if isinstance(value, list):
        inside = [typed(each, names) for each in value]
    elif isinstance(value, dict):
        inside = {name: typed(each, names) for name, each in value.items()}
    elif kind == "number":
        inside = as_text(value)
    elif kind == "nothing":
        inside = True
    return {names.get(kind, kind): inside}


def looked_up(value: object, table: object) -> object:
    """Return what stands beside the first pattern that fits; the value itself where none does."""
    assert isinstance(table, Mapping)
    text = as_text(value)
    for pattern, told in table.items():
        if fnmatchcase(text, str(pattern)):
            return told
    return value


def merged(objects: object, *, any_case: bool = False) -> dict[str, object]:
    """Return one object of several; the last of equal keys stays, also of keys in `any_case`."""
    assert isinstance(objects, list)
    found: dict[str, tuple[str, object]] = {}
    for each in objects:
        for key, value in _entries(each).items():
            found[key.lower() if any_case else key] = (key, value)
    return dict(found.values())


def lowered(value: object) -> object:
    """Return an object with small keys, or a text in small letters."""
    if isinstance(value, dict):
        return {key.lower(): each for key, each in value.items()}
    return as_text(value).lower()


def listed(value: object) -> dict[str, list[object]]:
    """Return an object whose values stand in arrays, as headers that may repeat do."""
    pairs = _entries(value).items()
    return {key: each if isinstance(each, list) else [each] for key, each in pairs}


def last(value: object) -> dict[str, object]:
    """Return an object with the last of each array."""
    return {key: each[-1] for key, each in listed(value).items() if each}


def joined(value: object, separator: str) -> object:
    """Return an array as one text; an object with each of its arrays as one."""
    if isinstance(value, list):
        return separator.join(map(as_text, value))
    return {key: separator.join(map(as_text, each)) for key, each in listed(value).items()}


def sorted_keys(value: object) -> dict[str, object]:
    """Return an object with its keys in order."""
    return dict(sorted(_entries(value).items()))


def _entries(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
