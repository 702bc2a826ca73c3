"""Only what would be uploaded is seen: the rules of `.fcignore` and its like.

Where they hide something, the instance gets a tree of hard links to the rest, kept in
`.localfn/visible` and brought up to date for every plan. Nothing is copied where the file system
can link; a masked file would still be there for the function, a linked tree has none.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from localfn.errors import MachineError, ProjectError

HOME = Path(".localfn", "visible")
# What localfn keeps in a project is never part of its code.
OURS = ".localfn"
# Whether a path below the code's folder is hidden; a folder's ends with a slash.
Hides = Callable[[str], bool]


class Tree(NamedTuple):
    """What a folder shows. Files with their number on the disk, or where a link leads."""

    files: dict[str, int | str]
    folders: dict[str, "Tree"]
    hides: bool


def visible(code: Path, ignores: Sequence[Path], root: Path) -> Path:
    """Return a folder that holds what the rules leave of the code; the code's own if that is all.

    Raises `ProjectError` for rules that cannot be read.
    """
    written = [each for each in ignores if each.is_file()]
    if not written:
        return code
    tree = _read(code, "", _hides(code, written))
    if not tree.hides:
        return code
    into = root / HOME / _name(code)
    try:
        into.mkdir(parents=True, exist_ok=True)
        _fill(into, tree, code, code)
    except OSError as error:
        raise MachineError(
            f"the code without what {_listed(written)} names cannot be linked to `{into}`: "
            f"{error.strerror}.",
            hint="Look for room and rights there, or take the rules away.",
        ) from error
    return into


def _hides(code: Path, ignores: Sequence[Path]) -> Hides:
    """Return whether any of the rules, each from its file's own folder, hides a path."""
    found = []
    for each in ignores:
        if code.is_relative_to(each.parent):
            prefix = code.relative_to(each.parent).as_posix()
            found.append((_rules(each), "" if prefix == "." else f"{prefix}/"))
    return lambda path: (
        path == f"{OURS}/" or any(matches(f"{prefix}{path}") for matches, prefix in found)
    )


def _rules(path: Path) -> Hides:
    # 45 ms that only a project with such a file pays.
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(path.read_text("utf-8-sig").splitlines()).match_file
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"{path}: the rules cannot be read: {error}.",
            hint="Write patterns as in `.gitignore`, one a line.",
        ) from error


def _read(folder: Path, path: str, hides: Hides) -> Tree:
    """Return what is left of a folder; one that is hidden is not looked into, as in git."""
    files: dict[str, int | str] = {}
    folders: dict[str, Tree] = {}
    hidden = False
    for entry in os.scandir(folder):
        below = f"{path}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if hides(f"{below}/"):
                hidden = True
                continue
            folders[entry.name] = _read(Path(entry.path), f"{below}/", hides)
            hidden = hidden or folders[entry.name].hides
        elif hides(below):
            hidden = True
        else:
            files[entry.name] = os.readlink(entry) if entry.is_symlink() else entry.inode()
    return Tree(files, folders, hidden)


def _fill(into: Path, tree: Tree, source: Path, code: Path) -> None:
    """Make a folder hold the tree and nothing else."""
    have = {each.name: each for each in os.scandir(into)}
    for name in set(have) - set(tree.files) - set(tree.folders):
        _remove(have[name])
    for name, wanted in tree.files.items():
        if name in have and have[name].is_dir(follow_symlinks=False):
            _remove(have.pop(name))
        _put(into / name, have.get(name), wanted, source / name, code)
    for name, inner in tree.folders.items():
        if name in have and not have[name].is_dir(follow_symlinks=False):
            _remove(have.pop(name))
        if name not in have:
            (into / name).mkdir(exist_ok=True)
        _fill(into / name, inner, source / name, code)


def _put(
    target: Path, have: "os.DirEntry[str] | None", wanted: int | str, source: Path, code: Path
) -> None:
    """Put a file in its place, whole: another run may be looking at it."""
    if isinstance(wanted, str):
        leads_to = _outward(wanted, source, code)
        if have is None or not have.is_symlink() or os.readlink(target) != leads_to:
            _replace(target, lambda beside: os.symlink(leads_to, beside))
    elif have is None or have.inode() != wanted or have.is_symlink():
        _replace(target, lambda beside: _link(source, target, beside))


def _outward(leads_to: str, link: Path, code: Path) -> str:
    """Return where a link leads; one that leaves the code still has to from its new place."""
    end = os.path.normpath(link.parent / leads_to)
    return leads_to if Path(end).is_relative_to(code) else end


def _link(source: Path, target: Path, beside: Path) -> None:
    try:
        os.link(source, beside, follow_symlinks=False)
    except FileNotFoundError:
        return  # gone since the folder was read
    except OSError:
        # Another file system, or somebody else's file: only then a copy, and only when it changed.
        if not _same(source, target):
            import shutil

            shutil.copy2(source, beside)


def _same(source: Path, target: Path) -> bool:
    try:
        one, other = source.stat(), target.stat()
    except OSError:
        return False
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _replace(target: Path, make: Callable[[Path], None]) -> None:
    beside = target.with_name(f".{target.name[:40]}.{os.urandom(4).hex()}")
    make(beside)
    if os.path.lexists(beside):
        # Two links to one file are already what they should be: then nothing is renamed.
        os.replace(beside, target)
        beside.unlink(missing_ok=True)


def _remove(entry: "os.DirEntry[str]") -> None:
    if not entry.is_dir(follow_symlinks=False):
        Path(entry.path).unlink(missing_ok=True)
        return
    import shutil

    shutil.rmtree(entry.path, ignore_errors=True)


def _name(code: Path) -> str:
    import hashlib

    return f"{code.name}-{hashlib.sha256(os.fsencode(code)).hexdigest()[:8]}"


def _listed(paths: Sequence[Path]) -> str:
    return " and ".join(f"`{each}`" for each in paths)
