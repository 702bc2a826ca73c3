"""Only what would be uploaded is seen: the rules of a cloud's ignore files are honoured.

Where they hide something, the instance gets a tree of hard links to the rest, kept in
`.localfn/visible` and brought up to date for every plan. A masked file would still be there for
the function; in a linked tree there is none.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from localfn.errors import MachineError, ProjectError
from localfn.invoke.linked import Hard, Tree, fill
from localfn.invoke.rules import Rules

HOME = Path(".localfn", "visible")
# What localfn keeps in a project is never part of its code.
OURS = ".localfn/"
# Whether a path below the code's folder is hidden; a folder's ends with a slash.
Hides = Callable[[str], bool]


def visible(code: Path, ignores: Sequence[Path], root: Path) -> Path:
    """Return a folder that holds what the rules leave of the code; the code's own if that is all.

    Raises `ProjectError` for rules that cannot be read.
    """
    written = [each for each in ignores if each.is_file()]
    if not written:
        return code
    tree, hidden = _left(str(code), "", code, _hides(code, written))
    if not hidden:
        return code
    into = root / HOME / _name(code)
    try:
        fill(into, tree)
    except OSError as error:
        raise MachineError(
            f"what {_listed(written)} leaves of `{code}` cannot be linked to `{into}`: "
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
    return lambda path: path == OURS or any(matches(f"{prefix}{path}") for matches, prefix in found)


def _rules(path: Path) -> Hides:
    try:
        return Rules(path.read_text("utf-8-sig").splitlines()).hides
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"{path}: the rules cannot be read: {error}.",
            hint="Write patterns as in `.gitignore`, one a line.",
        ) from error


def _left(folder: str, path: str, code: Path, hides: Hides) -> tuple[Tree, bool]:
    """Return what is left of a folder, and whether anything is hidden.

    A folder that is hidden is not looked into: nothing below it can be seen again, as in git.
    """
    tree, hidden = Tree({}, {}), False
    for entry in os.scandir(folder):
        below = f"{path}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if hides(f"{below}/"):
                hidden = True
                continue
            inner, hidden_below = _left(entry.path, f"{below}/", code, hides)
            tree.folders[entry.name] = inner
            hidden = hidden or hidden_below
        elif hides(below):
            hidden = True
        elif entry.is_symlink():
            tree.files[entry.name] = _outward(os.readlink(entry.path), folder, code)
        elif entry.is_file():  # no sockets and pipes
            tree.files[entry.name] = Hard(entry.path, entry.inode())
    return tree, hidden


def _outward(leads_to: str, folder: str, code: Path) -> str:
    """Return where a link leads; one that leaves the code still has to from its new place."""
    end = os.path.normpath(os.path.join(folder, leads_to))
    return leads_to if Path(end).is_relative_to(code) else end


def _name(code: Path) -> str:
    import hashlib

    return f"{code.name}-{hashlib.sha256(os.fsencode(code)).hexdigest()[:8]}"


def _listed(paths: Sequence[Path]) -> str:
    return " and ".join(f"`{each}`" for each in paths)
