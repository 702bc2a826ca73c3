"""Read a template of Function Compute, whichever of its dialects it is written in."""

from collections.abc import Mapping
from pathlib import Path

from localfn.errors import ProjectError
from localfn.model import NOTHING, DomainRoute, Finding, Function, Place, Reading
from localfn.providers.alibaba.templates.entry import Entry
from localfn.providers.alibaba.templates.funcraft import is_funcraft, overridden, read_funcraft
from localfn.providers.alibaba.templates.function import build
from localfn.providers.alibaba.templates.location import SERVERLESS_DEVS_NAMES, has_transform
from localfn.providers.alibaba.templates.misspelt import ROOT
from localfn.providers.alibaba.templates.serverless_devs import (
    inherited,
    is_serverless_devs,
    read_serverless_devs,
)
from localfn.providers.alibaba.templates.ways import WAYS
from localfn.templates.file import load
from localfn.templates.misspelt import warn_misspelt
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import text_of
from localfn.templates.tree import Node


def read_template(
    path: Path, environ: Mapping[str, str], values: Mapping[str, str] = NOTHING
) -> Reading:
    """Return the functions of a template and what was found on the way.

    `values` are those of expressions, by what stands between their braces.
    Raises `ProjectError` when the file is no template of Function Compute. A function with an
    error is left out; the error is a finding.
    """
    notes = Notebook()
    try:
        return _reading(
            _entries(load(path, notes, WAYS), path, environ, values, notes), path.parent, notes
        )
    except RecursionError as error:
        raise ProjectError(f"{path}: the values of the template are nested too deeply.") from error


def recognizes(path: Path) -> bool:
    """Return whether a file is a template of Function Compute, even one with broken YAML."""
    try:
        root = load(path, Notebook(), WAYS)
    except ProjectError:
        return path.name in SERVERLESS_DEVS_NAMES or has_transform(path)
    return is_funcraft(root) or is_serverless_devs(root) or "extend" in root.mapping


def _entries(
    root: Node, path: Path, environ: Mapping[str, str], values: Mapping[str, str], notes: Notebook
) -> list[Entry]:
    if is_funcraft(root):
        return read_funcraft(overridden(root, path, notes))
    grown = inherited(root, path, environ, notes)
    if not is_serverless_devs(grown):
        raise _no_dialect(root, path)
    warn_misspelt(root, ROOT, notes)
    return read_serverless_devs(grown, path.parent, environ, values)


def _reading(entries: list[Entry], base: Path, notes: Notebook) -> Reading:
    functions: dict[str, Function] = {}
    routes: list[DomainRoute] = []
    findings: list[Finding] = []
    for entry in entries:
        function = build(entry.draft, base, entry.notes) if entry.draft is not None else None
        key = function.key if function is not None and function.name else entry.label
        if function is not None and not entry.notes.broken:
            _warn_twice(function, functions.get(key), entry.notes)
            functions[key] = function
        routes += entry.routes
        findings += entry.notes.findings(key)
    for route in routes:
        if route.function not in functions:
            _warn_astray(route, notes)
    return Reading(
        tuple(functions.values()),
        (*notes.findings(), *findings),
        notes.files.union(*(entry.notes.files for entry in entries)),
        tuple(each for each in routes if each.function in functions),
    )


def _warn_astray(route: DomainRoute, notes: Notebook) -> None:
    assert route.template is not None
    notes.warn(
        route.template,
        f"a custom domain leads to the function `{route.function}`, which cannot be run here.",
        hint="Correct the name, or add the function to this template.",
    )


def _no_dialect(root: Node, path: Path) -> ProjectError:
    transform = root.get("Transform")
    told = f" (its `Transform` is `{text_of(transform.scalar)}`)" if transform.scalar else ""
    place = transform.place if transform.scalar else Place(path, 1)
    return ProjectError(
        f"{place}: this is no template of Function Compute{told}.",
        hint="It should have `edition: 3.0.0` and `resources:` (Serverless Devs), or "
        "`Transform: 'Aliyun::Serverless-2018-04-03'` (Funcraft).",
    )


def _warn_twice(function: Function, before: Function | None, notes: Notebook) -> None:
    if before is not None and function.template is not None:
        notes.warn(
            function.template,
            f"`{function.key}` was already described at {before.template}; this one counts.",
            hint="Give one of the two another name.",
        )
