"""Whether somebody else is in the middle of changing the files: git holds a lock while it does."""

import os
from collections.abc import Iterable


class Locks:
    """The locks of repositories; those that a dead git left behind do not count for ever."""

    def __init__(self) -> None:
        self._left_behind: set[tuple[str, int]] = set()

    def held(self, paths: Iterable[str]) -> frozenset[tuple[str, int]]:
        """Return the locks that are held around these paths: where each is, and which file."""
        homes = {home for path in paths if (home := _git_folder(path))}
        held = ((f"{home}/index.lock", _inode(f"{home}/index.lock")) for home in homes)
        return frozenset(each for each in held if each[1]) - self._left_behind

    def give_up(self, locks: frozenset[tuple[str, int]]) -> None:
        """Do not wait for these any more: who made them is gone."""
        self._left_behind |= locks


def _git_folder(path: str) -> str:
    """Return the folder with the index of the repository that a path is in, else ""."""
    while True:
        git = os.path.join(path, ".git")
        if os.path.isdir(git):
            return git
        if os.path.isfile(git):
            return _named_in(git)
        path, below = os.path.dirname(path), path
        if path == below:
            return ""


def _named_in(file: str) -> str:
    """Return the folder that a worktree's or a submodule's `.git` file names."""
    try:
        with open(file, encoding="utf-8") as opened:
            text = opened.read(4096)
    except (OSError, UnicodeDecodeError):
        return ""
    named = text.removeprefix("gitdir:").strip()
    return os.path.join(os.path.dirname(file), named) if text.startswith("gitdir:") else ""


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0
