"""Which files below a root are not worth a look.

Patterns are those of `.gitignore`: the last one that matches decides, `!` takes a file back in.
"""

import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

from localfn.errors import UsageError

FOLDERS = (
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".tox",
    ".venv",
    "venv",
    ".idea",
    ".vscode",
    ".localfn",
)
FILES = (
    "*.pyc",
    # What editors keep beside a file while it is open or being saved.
    "*.swp",
    "*.swx",
    "*~",
    "4913",
    "*___jb_tmp___",
    "*___jb_old___",
    ".#*",
    "#*#",
    ".DS_Store",
)
# Where package managers put what they install: a look at what is there, none into it.
DEPENDENCIES = frozenset({"node_modules", "site-packages"})
# What a package manager writes when it is done.
MANIFESTS = frozenset({".package-lock.json", ".yarn-integrity", ".yarn-state.yml", ".modules.yaml"})
INSTALLED = (".dist-info", ".egg-info")


class Verdict(Enum):
    """How closely to look."""

    WATCHED = auto()
    MANIFEST_ONLY = auto()
    IGNORED = auto()


class Rule(NamedTuple):
    """One pattern, ready to be matched."""

    expression: re.Pattern[str]
    folders_only: bool
    takes_back: bool


class Ignores:
    """The ignores of one root: the defaults, then the given patterns.

    Raises `UsageError` for a pattern that is none.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = tuple(patterns)
        rules = (_rule(each) for each in self._patterns)
        self._rules = tuple(each for each in rules if each is not None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ignores) and other._patterns == self._patterns

    def __hash__(self) -> int:
        return hash(self._patterns)

    def of_folder(self, relative: str) -> Verdict:
        """Return how closely to look at a folder; `relative` is its path below the root."""
        name = relative.rpartition("/")[2]
        usual = Verdict.MANIFEST_ONLY if name in DEPENDENCIES else Verdict.WATCHED
        if name in FOLDERS:
            usual = Verdict.IGNORED
        return self._decided(relative, usual, is_folder=True)

    def of_file(self, relative: str) -> Verdict:
        """Return how closely to look at a file; `relative` is its path below the root."""
        name = relative.rpartition("/")[2]
        usual = Verdict.IGNORED if _NOISE.fullmatch(name) else Verdict.WATCHED
        return self._decided(relative, usual, is_folder=False)

    def _decided(self, relative: str, usual: Verdict, *, is_folder: bool) -> Verdict:
        for rule in reversed(self._rules):
            if rule.folders_only and not is_folder:
                continue
            if rule.expression.fullmatch(relative):
                return Verdict.WATCHED if rule.takes_back else Verdict.IGNORED
        return usual


def is_manifest(name: str, *, is_folder: bool) -> bool:
    """Return whether this entry of a dependency folder tells what is installed there."""
    return name.endswith(INSTALLED) if is_folder else name in MANIFESTS


def _rule(pattern: str) -> Rule | None:
    """Return the rule of one line; None for an empty line or a comment."""
    text = pattern.rstrip("\r\n")
    if not text.endswith("\\ "):
        text = text.rstrip(" ")
    if not text.strip("/") or text.startswith("#"):
        return None
    takes_back = text.startswith("!")
    text = text.removeprefix("!")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    text = text.removeprefix("/")
    before = "" if anchored else "(?:.*/)?"
    try:
        expression = re.compile(before + _translated(text), re.DOTALL)
    except re.error as error:
        raise UsageError(
            f"the ignore pattern `{pattern.strip()}` cannot be read: {error}.",
            hint="Patterns are those of `.gitignore`: `*.log`, `/build/`, `!keep.txt`.",
        ) from error
    return Rule(expression, folders_only, takes_back)


def _translated(text: str) -> str:
    """Return a pattern as a regular expression."""
    expression, rest = "", text
    while rest:
        taken, piece = _next_piece(rest)
        expression += piece
        rest = rest[taken:]
    return expression


def _next_piece(rest: str) -> tuple[int, str]:
    """Return how many characters the next piece of a pattern has, and its expression."""
    for written, piece in _PIECES:
        if rest.startswith(written):
            return len(written), piece
    if rest == "/**":
        return 3, "/.+"
    bracket = _BRACKET.match(rest)
    if bracket is not None:
        inside = _SPECIAL_IN_BRACKETS.sub(r"\\\g<0>", bracket[2])
        return bracket.end(), f"[{'^' if bracket[1] else ''}{inside}]"
    if rest.startswith("\\") and len(rest) > 1:
        return 2, re.escape(rest[1])
    return 1, re.escape(rest[0])


_PIECES = (("/**/", "/(?:.*/)?"), ("**/", "(?:.*/)?"), ("*", "[^/]*"), ("?", "[^/]"))
_BRACKET = re.compile(r"\[([!^]?)(\]?[^\]/]+)\]")
_SPECIAL_IN_BRACKETS = re.compile(r"[\\\[\]^&~|]")
_NOISE = re.compile("|".join(_translated(each) for each in FILES))
