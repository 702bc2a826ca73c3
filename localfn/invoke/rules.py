"""The rules of a gitignore file, decided path by path as git does while it walks.

Git is asked in the tests. Libraries decide over whole files at once, and differ from git where a
rule takes back another for a folder.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

# A set of characters: from `[` to its `]`, which may be the first character inside.
_SET = re.compile(r"\[([!^]?)((?:\])?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]", re.DOTALL)
# A step of two stars and more: any number of folders, or all that is below.
_STARS = re.compile(r"(?:\*{2,}/)+|\*{2,}$")
# What a set holds: a class such as `[:digit:]`, a range, or a character.
_MEMBER = re.compile(r"\[:(?P<class>[a-z]+):\]|(?P<low>\\.|.)(?:-(?P<high>\\.|.))?", re.DOTALL)
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
_WILD = {"*": "[^/]*", "?": "[^/]"}


class Rule(NamedTuple):
    """One line. `whole`: it speaks of the path from the file's folder, not of a name anywhere."""

    pattern: re.Pattern[str]
    hides: bool
    whole: bool
    only_folders: bool


class Rules:
    """All lines of one file. The last one that fits decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = tuple(
            rule for line in reversed(list(lines)) if (rule := _rule(line)) is not None
        )

    def hides(self, path: str) -> bool:
        """Return whether a path is hidden by a line of its own; a folder's ends with a slash.

        What lies in a hidden folder is hidden too, whatever the rules say about it.
        """
        folder = path.endswith("/")
        bare = path[:-1] if folder else path
        name = bare.rpartition("/")[2]
        for rule in self._rules:
            fits = folder or not rule.only_folders
            if fits and rule.pattern.fullmatch(bare if rule.whole else name):
                return rule.hides
        return False


def _rule(line: str) -> Rule | None:
    """Return what a line says; None for notes, blanks, and patterns that can match nothing."""
    text = re.sub(r"((?:\\.|[^\\])*?) +$", r"\1", line.rstrip("\r\n"))
    if not text or text.startswith("#"):
        return None
    hides = not text.startswith("!")
    text = text if hides else text[1:]
    only_folders = text.endswith("/")
    text = text.removesuffix("/")
    whole = "/" in text
    pattern = _regex(text.removeprefix("/"))
    return Rule(pattern, hides, whole, only_folders) if pattern is not None else None


def _regex(glob: str) -> re.Pattern[str] | None:
    """Return a glob as a regular expression; None for one that is not closed."""
    pieces, place = [], 0
    while place < len(glob):
        piece, width = _piece(glob, place)
        if not width:
            return None
        pieces.append(piece)
        place += width
    return re.compile("".join(pieces), re.DOTALL)


def _piece(glob: str, place: int) -> tuple[str, int]:
    """Return what stands at a place, and how long it is; 0 where it is not closed."""
    stars = _STARS.match(glob, place)
    if stars is not None and (not place or glob[place - 1] == "/"):
        return "(?:.*/)?" if stars[0].endswith("/") else ".+", len(stars[0])
    char = glob[place]
    if char in _WILD:
        return _WILD[char], 1
    if char == "\\":
        escaped = glob[place + 1 : place + 2]
        return re.escape(escaped), 2 if escaped else 0
    if char == "[":
        found = _SET.match(glob, place)
        return (_set(found), len(found[0])) if found else ("", 0)
    return re.escape(char), 1


def _set(found: re.Match[str]) -> str:
    inside = "".join(_member(each) for each in _MEMBER.finditer(found[2]))
    if found[1]:
        return f"[^/{inside}]"
    return f"(?!/)[{inside}]" if inside else "(?!)"


def _member(found: re.Match[str]) -> str:
    """Return a class, a range or a character of a set; a range that runs backwards has none."""
    if found["class"]:
        return _CLASSES.get(found["class"], "")
    low, high = found["low"][-1:], (found["high"] or found["low"])[-1:]
    return f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
