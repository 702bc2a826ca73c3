"""Layers of a function: folders of this machine that an instance sees as one.

A layer is found by the reference in the template (an ARN or a name) where localfn.yaml names it,
else in `.localfn/layers/NAME` (or NAME.zip), else as a folder of the project. Where two layers
have the same file, the first wins. Files are linked, never copied.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from localfn.errors import MachineError, ProjectError
from localfn.invoke.linked import Tree, fill
from localfn.model import Function, Local

HOME = Path(".localfn", "layers")
MERGED = Path(".localfn", "merged")
# Returns a folder as it is and an archive unpacked, None for anything else.
Open = Callable[[Path], Path | None]


def find_layers(
    function: Function, root: Path, known: Mapping[str, Local], open_: Open
) -> tuple[Path, ...]:
    """Return the folder of each layer of the function; raise `ProjectError` without one."""
    return tuple(_find(function, each, root, known, open_) for each in function.layers)


def layer_places(function: Function, root: Path, known: Mapping[str, Local]) -> tuple[Path, ...]:
    """Return where the layers of a function are looked for, whatever is there."""
    return tuple(
        place
        for each in function.layers
        for place in _places(each, root, known.get(each) or known.get(layer_name(each)))
    )


def _places(reference: str, root: Path, named: Local | None) -> tuple[Path, ...]:
    if named is not None:
        return (named.path,)
    name = layer_name(reference)
    return (root / HOME / name, root / HOME / f"{name}.zip", root / reference)


def _find(
    function: Function, reference: str, root: Path, known: Mapping[str, Local], open_: Open
) -> Path:
    name = layer_name(reference)
    named = known.get(reference) or known.get(name)
    for each in _places(reference, root, named):
        folder = open_(each)
        if folder is not None:
            return folder.resolve()
    raise ProjectError(
        f"{function.template or function.key}: the layer `{reference}` of `{function.key}` is "
        f"not on this machine{_wrongly(named)}.",
        hint=f"Unpack it into `{HOME / name}` of the project, or name its folder or zip file in "
        f"localfn.yaml: `layers: {{{name}: ./folder}}`.",
    )


def _wrongly(named: Local | None) -> str:
    return f": {named}, as localfn.yaml has it, is neither a folder nor a zip file" if named else ""


def layer_name(reference: str) -> str:
    """Return the bare name in an ARN such as `…:layers/NAME/versions/1` or `…:layer:NAME:1`."""
    for marker, end in ((":layers/", "/"), (":layer:", ":")):
        _, found, rest = reference.partition(marker)
        if found:
            return rest.split(end)[0]
    return reference.split("#")[0].strip("./").replace("/", "-")


def merge(layers: Sequence[tuple[Path, str]], root: Path) -> Path:
    """Return a folder of links to all that these layers hold, kept in `.localfn/merged`.

    Each layer is its folder here and the path under which the instance sees that folder; the
    links lead to the latter. A folder that only one layer has is one link.
    """
    import hashlib

    name = hashlib.sha256(repr(layers).encode()).hexdigest()[:12]
    into = root / MERGED / name
    try:
        fill(into, _tree(layers))
    except OSError as error:
        raise MachineError(
            f"layers cannot be linked to `{into}`: {error.strerror}.",
            hint="Look for room and rights there.",
        ) from error
    return into


def _tree(layers: Sequence[tuple[Path, str]]) -> Tree:
    tree = Tree({}, {})
    for name, owners in _owners(layers).items():
        (first, seen_as), *others = owners
        rivals = [each for each in others if each[0].is_dir()]
        if first.is_dir() and rivals:
            tree.folders[name] = _tree([(first, seen_as), *rivals])
        else:
            tree.files[name] = seen_as
    return tree


def _owners(layers: Sequence[tuple[Path, str]]) -> dict[str, list[tuple[Path, str]]]:
    """Return which layers have a name, the first before the others."""
    found: dict[str, list[tuple[Path, str]]] = {}
    for folder, seen_as in layers:
        for name in os.listdir(folder):
            found.setdefault(name, []).append((folder / name, f"{seen_as}/{name}"))
    return found
