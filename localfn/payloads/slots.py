"""Slots: `{{ field }}` in a payload that was parsed before anything is put into it.

A string that is exactly one slot takes the value with its type; a slot inside longer text becomes
text. So no value can break the payload. A key may hold slots too; it is always text.
"""

import json
import re
from collections.abc import Callable

SLOT = re.compile(r"\{\{\s*([a-z0-9_]+)\s*\}\}")
Value = Callable[[str], object]


class Absent:
    """Stands for a value whose key is to be left out."""


ABSENT = Absent()


def fill(tree: object, value: Value) -> object:
    """Return the tree with every slot replaced by `value(name)`."""
    if isinstance(tree, dict):
        filled = {as_text(fill_text(key, value)): fill(each, value) for key, each in tree.items()}
        return {key: each for key, each in filled.items() if each is not ABSENT}
    if isinstance(tree, list):
        return [each for each in (fill(one, value) for one in tree) if each is not ABSENT]
    return fill_text(tree, value) if isinstance(tree, str) else tree


def fill_text(text: str, value: Value) -> object:
    """Return a string with its slots replaced; a lone slot keeps its value's type."""
    whole = SLOT.fullmatch(text)
    if whole:
        return value(whole[1])
    return SLOT.sub(lambda slot: as_text(value(slot[1])), text)


def as_text(value: object) -> str:
    """Return a value as it stands inside longer text."""
    if value is ABSENT or value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def slots_of(tree: object) -> set[str]:
    """Return the names of all slots in a tree."""
    if isinstance(tree, dict):
        return {name for each in (*tree, *tree.values()) for name in slots_of(each)}
    if isinstance(tree, list):
        return {name for each in tree for name in slots_of(each)}
    return set(SLOT.findall(tree)) if isinstance(tree, str) else set()
