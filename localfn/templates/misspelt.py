"""Keys that look like one that is read, and are another: nobody reads them, and nobody says so.

The vendors' schemas know many more keys than localfn needs. A key is doubted only when it is
almost a known one that is not written beside it.
"""

from collections.abc import Iterable

from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_CLOSE = 0.8


def warn_misspelt(node: Node, known: Iterable[str], notes: Notebook) -> None:
    """Write down the keys of a mapping that are almost known ones."""
    names = set(known)
    missing = names - set(node.mapping)
    for key, child in node.mapping.items():
        near = "" if key in names else _nearest(key, missing)
        if near:
            notes.warn(
                child.place,
                f"`{key}` is no key that anybody reads here.",
                hint=f"Did you mean `{near}`?",
            )


def _nearest(key: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches  # most templates have no use for it

    return next(iter(get_close_matches(key, names, 1, _CLOSE)), "")
