"""Paths as routes write them: `/a`, `/a/*`, `/a/{name}`, `/a/{rest+}`."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from localfn.model import NOTHING

# How exactly a part of a pattern says what it wants.
EXACT, ONE_PART, ALL_PARTS, ANYTHING = range(4)
_PLACEHOLDER = re.compile(r"\{([^{}+]+)(\+?)\}")


class Pattern(NamedTuple):
    """A pattern, and how exact it is: the smallest `rank` of those that match is meant."""

    written: str
    rank: tuple[int, tuple[int, ...], int]
    names: tuple[str, ...]
    expression: re.Pattern[str] | None

    def match(self, path: str) -> Mapping[str, str] | None:
        """Return what the placeholders stand for in a path; None where it is not meant."""
        if self.expression is not None:
            found = self.expression.fullmatch(path)
            return None if found is None else dict(zip(self.names, found.groups(), strict=True))
        if not self.written.endswith("*"):
            return NOTHING if path == self.written else None
        below = path.startswith(self.written[:-1]) or path == self.written[:-2]
        return NOTHING if below else None


def pattern(written: str) -> Pattern:
    """Return the pattern that a route has written."""
    ranks = tuple(map(_rank, written.strip("/").split("/")))
    placeholders = _PLACEHOLDER.findall(written)
    return Pattern(
        written,
        (max(ranks), ranks if placeholders else (), -len(written)),
        tuple(name for name, _ in placeholders),
        _expression(written) if placeholders else None,
    )


def _rank(part: str) -> int:
    if part.endswith("*"):
        return ANYTHING
    placeholder = _PLACEHOLDER.search(part)
    if placeholder is None:
        return EXACT
    return ALL_PARTS if placeholder[2] else ONE_PART


def _expression(written: str) -> re.Pattern[str]:
    """Return what matches; a slash at the end makes no difference where parts are named."""
    text, end = "", 0
    for each in _PLACEHOLDER.finditer(written):
        text += re.escape(written[end : each.start()])
        text += "(.+?)" if each[2] else "([^/]+)"
        end = each.end()
    tail = written[end:]
    anything = tail.endswith("*")
    text += re.escape(tail.removesuffix("*").rstrip("/"))
    return re.compile(text + (".*" if anything else "/?"), re.DOTALL)
