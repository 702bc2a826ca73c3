"""A folder made of links to files elsewhere, brought up to date in place.

Hard links where the function must see plain files, symbolic ones where it may see through them.
Nothing is copied where the file system can link. Paths are text here: for the 20,000 files of
some dependencies, `Path` objects would be half of the work.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Hard(NamedTuple):
    """A file to show as it is, by its number on the disk when the folder was read."""

    source: str
    number: int


class Tree(NamedTuple):
    """What a folder shows: files, or where a symbolic link leads, and folders."""

    files: dict[str, Hard | str]
    folders: dict[str, "Tree"]


def fill(into: Path, tree: Tree) -> None:
    """Make a folder hold the tree and nothing else; raise `OSError` where it cannot be made.

    Others may be looking at it: every file is replaced whole.
    """
    into.mkdir(parents=True, exist_ok=True)
    _fill(str(into), tree)


def _fill(into: str, tree: Tree) -> None:
    have = {each.name: each for each in os.scandir(into)}
    for name in set(have) - set(tree.files) - set(tree.folders):
        _remove(have[name])
    for name, wanted in tree.files.items():
        if name in have and have[name].is_dir(follow_symlinks=False):
            _remove(have.pop(name))
        _put(into, name, have.get(name), wanted)
    for name, inner in tree.folders.items():
        if name in have and not have[name].is_dir(follow_symlinks=False):
            _remove(have.pop(name))
        if name not in have:
            os.makedirs(f"{into}/{name}", exist_ok=True)
        _fill(f"{into}/{name}", inner)


def _put(into: str, name: str, have: "os.DirEntry[str] | None", wanted: Hard | str) -> None:
    target = f"{into}/{name}"
    if isinstance(wanted, str):
        if have is None or not have.is_symlink() or os.readlink(target) != wanted:
            _replace(target, lambda beside: os.symlink(wanted, beside))
    elif have is None or have.inode() != wanted.number or have.is_symlink():
        _replace(target, lambda beside: _link(wanted.source, target, beside))


def _replace(target: str, make: Callable[[str], None]) -> None:
    beside = f"{os.path.dirname(target)}/.{os.urandom(6).hex()}"
    make(beside)
    if os.path.lexists(beside):
        os.replace(beside, target)
        # Of two links to one file the system keeps both.
        Path(beside).unlink(missing_ok=True)


def _link(source: str, target: str, beside: str) -> None:
    try:
        os.link(source, beside, follow_symlinks=False)
    except FileNotFoundError:
        return  # gone since the folder was read
    except OSError:
        # Another file system, or somebody else's file: only then a copy, and only when it changed.
        if not _same(source, target):
            import shutil

            shutil.copy2(source, beside)


def _same(source: str, target: str) -> bool:
    try:
        one, other = os.stat(source), os.stat(target)
    except OSError:
        return False
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _remove(entry: "os.DirEntry[str]") -> None:
    if not entry.is_dir(follow_symlinks=False):
        Path(entry.path).unlink(missing_ok=True)
        return
    import shutil

    shutil.rmtree(entry.path, ignore_errors=True)
