"""How a node becomes a value: text, a number, a flag, a list, an environment.

An unresolved node gives the default: it has its warning already.
"""

import json
import shlex
from collections.abc import Mapping

from localfn.templates.notebook import Notebook
from localfn.templates.scalars import number_of, text_of
from localfn.templates.tree import Node, json_of

_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}


def text(node: Node, notes: Notebook) -> str:
    """Return a scalar as text, "" where nothing is written."""
    if node.is_scalar:
        return text_of(node.scalar).strip()
    notes.error(node.place, f"`{node.name}` is {_kind(node)}, not text.")
    return ""


def number(node: Node, notes: Notebook, default: float) -> float:
    """Return a number above 0, which may be written as text."""
    if not node.written or node.unresolved or node.value == "":
        return default
    found = number_of(node.scalar)
    if found is not None and found > 0:
        return found
    notes.error(
        node.place,
        f"`{node.name}` is {_shown(node)}, not a number above 0.",
        hint=f"Write a number, such as `{node.name}: {default or 1:g}`.",
    )
    return default


def whole(node: Node, notes: Notebook, default: int) -> int:
    """Return a whole number above 0, which may be written as text."""
    found = number(node, notes, default)
    if found != int(found):
        notes.error(
            node.place,
            f"`{node.name}` is {_shown(node)}, not a whole number.",
            hint=f"Write a number, such as `{node.name}: {default}`.",
        )
    return int(found)


def flag(node: Node, notes: Notebook, *, default: bool) -> bool:
    """Return true or false, which may be written as text."""
    if not node.written or node.unresolved:
        return default
    found = _FLAGS.get(text_of(node.scalar).lower()) if node.is_scalar else None
    if found is None:
        notes.warn(node.place, f"`{node.name}` is {_shown(node)}, neither `true` nor `false`.")
        return default
    return found


def texts(node: Node, notes: Notebook) -> tuple[str, ...]:
    """Return a list of texts; a lone text counts as a list of one."""
    if node.is_scalar:
        return (text_of(node.scalar),) if node.written else ()
    if node.mapping:
        notes.error(node.place, f"`{node.name}` is a mapping, not a list.")
    return tuple(text_of(each.scalar) for each in node.items if each.is_scalar)


def words(node: Node, notes: Notebook) -> tuple[str, ...]:
    """Return the words of a command: a list, JSON text of a list, or a shell line."""
    if not isinstance(node.value, str):
        return texts(node, notes)
    written = node.value.strip()
    if not written.startswith("["):
        return _shell_words(written)
    try:
        parsed = json.loads(written)
    except (ValueError, RecursionError):
        notes.error(
            node.place,
            f"`{node.name}` is `{written}`, which is not a list in JSON.",
            hint=f"""Write `{node.name}: '["python3", "app.py"]'`.""",
        )
        return ()
    return tuple(each if isinstance(each, str) else json.dumps(each) for each in parsed)


def strings(node: Node, notes: Notebook) -> Mapping[str, str]:
    """Return environment variables as the vendor's tools send them: all of them text."""
    if node.items or (node.is_scalar and node.written and not node.unresolved):
        notes.error(
            node.place,
            f"`{node.name}` is {_kind(node)}, not a mapping.",
            hint="Write one `NAME: value` per line.",
        )
    return {key: _variable(each, notes) for key, each in node.mapping.items()}


def entries(node: Node, notes: Notebook) -> tuple[Node, ...]:
    """Return the elements of a list; anything else is passed over with a warning."""
    if node.written and not isinstance(node.value, tuple) and not node.unresolved:
        notes.warn(node.place, f"`{node.name}` is {_kind(node)}, not a list, and is left out.")
    return node.items


def as_written(node: Node) -> str:
    """Return text untouched; anything else as JSON, nothing as ""."""
    return text_of(node.scalar) if node.is_scalar else json_of(node)


def _variable(node: Node, notes: Notebook) -> str:
    if not node.is_scalar:
        notes.warn(
            node.place,
            f"the variable `{node.name}` is {_kind(node)}; the function sees it as JSON text.",
            hint="Quote the value if it is meant as text.",
        )
    return as_written(node)


def _shell_words(written: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(written))
    except ValueError:
        return tuple(written.split())


def _kind(node: Node) -> str:
    if isinstance(node.value, Mapping):
        return "a mapping"
    return "a list" if isinstance(node.value, tuple) else _shown(node)


def _shown(node: Node) -> str:
    shown = as_written(node)
    return f"`{shown[:60]}…`" if len(shown) > 60 else f"`{shown}`"
