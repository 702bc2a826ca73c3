"""Layers of a function: folders of this machine that an instance sees as one.

A layer is found by the reference in the template (an ARN or a name) in the given mapping, in
`.localfn/layers/NAME`, or as a folder of the project. Where two layers have the same file, the
first wins (contract alibaba-fc, section 1.3). Files are linked, never copied.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from localfn.errors import ProjectError
from localfn.model import Function

HOME = Path(".localfn", "layers")


def find_layers(function: Function, root: Path, known: Mapping[str, Path]) -> tuple[Path, ...]:
    """Return the folder of each layer of the function; raise `ProjectError` without one."""
    return tuple(_find(function, each, root, known) for each in function.layers)


def usual_places(function: Function, root: Path) -> tuple[Path, ...]:
    """Return where the layers of a function are looked for if nothing else is said."""
    return tuple(root / HOME / layer_name(each) for each in function.layers)


def _find(function: Function, reference: str, root: Path, known: Mapping[str, Path]) -> Path:
    name = layer_name(reference)
    for folder in (known.get(reference), known.get(name), root / HOME / name, root / reference):
        if folder is not None and folder.is_dir():
            return folder.resolve()
    raise ProjectError(
        f"{function.template or function.key}: layer `{reference}` of `{function.key}` is not on "
        "this machine.",
        hint=f"Unpack it into `{HOME / name}` of the project.",
    )


def layer_name(reference: str) -> str:
    """Return the bare name in an ARN such as `acs:fc:region:account:layers/NAME/versions/1`."""
    _, marker, rest = reference.partition(":layers/")
    return rest.split("/")[0] if marker else reference.split("#")[0].strip("./").replace("/", "-")


def merge(layers: Sequence[tuple[Path, str]], into: Path) -> None:
    """Fill `into` with links to all files of these layers.

    Each layer is its folder here and the path under which the instance sees that folder; the
    links lead to the latter.
    """
    for folder, seen_as in layers:
        _link(folder, seen_as, into)


def links(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return every link in a folder that `merge` has filled, and where it leads."""
    return tuple(
        sorted(
            (os.path.relpath(path, folder), os.readlink(path))
            for parent, folders, files in os.walk(folder)
            for path in (os.path.join(parent, name) for name in (*folders, *files))
            if os.path.islink(path)
        )
    )


def _link(folder: Path, seen_as: str, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(folder):
        target = into / entry.name
        if entry.is_dir(follow_symlinks=False):
            _link(Path(entry.path), f"{seen_as}/{entry.name}", target)
        elif not target.exists() and not target.is_symlink():
            target.symlink_to(f"{seen_as}/{entry.name}")
