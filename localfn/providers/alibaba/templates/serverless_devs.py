"""Serverless Devs files: modules, inheritance, variables (contract alibaba-fc, 1.1, 1.2)."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from localfn.errors import ProjectError
from localfn.model import DomainRoute
from localfn.providers.alibaba.templates.domains import domains_of_fc, domains_of_fc3
from localfn.providers.alibaba.templates.draft import Draft
from localfn.providers.alibaba.templates.entry import Entry
from localfn.providers.alibaba.templates.fc2 import read_fc2
from localfn.providers.alibaba.templates.fc3 import read_fc3
from localfn.providers.alibaba.templates.intrinsics import settle_tags
from localfn.providers.alibaba.templates.misspelt import MODULE
from localfn.providers.alibaba.templates.variables import Scope, Variables
from localfn.providers.alibaba.templates.ways import WAYS
from localfn.templates.file import load
from localfn.templates.misspelt import warn_misspelt
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import text_of
from localfn.templates.tree import Node, merged

_COMPONENT = re.compile(r"(?:devsapp/)?(fc3?|fc3-domain)(?:@.*)?")
_READERS: Mapping[str, Callable[[str, Node, Notebook], Draft | None]] = {
    "fc": read_fc2,
    "fc3": read_fc3,
    "fc3-domain": lambda module, props, notes: None,
}
_DOMAINS: Mapping[str, Callable[[Node, Notebook], tuple[DomainRoute, ...]]] = {
    "fc": domains_of_fc,
    "fc3": lambda props, notes: (),
    "fc3-domain": domains_of_fc3,
}
_OF_A_DOMAIN = frozenset({"domainName", "routeConfig"})
# Edition 3 says `resources`, edition 1 `services`; the component decides the dialect anyway.
_GROUPS = {"3": ("resources", "services"), "1": ("services", "resources")}


def inherited(root: Node, path: Path, environ: Mapping[str, str], notes: Notebook) -> Node:
    """Return a file with those that it extends beneath it."""
    return _extended(root, path.parent, environ, notes, (path.resolve(),))


def is_serverless_devs(root: Node) -> bool:
    """Return whether this is a file of Serverless Devs."""
    if "edition" in root.mapping:
        return True
    modules = [each for group in _GROUPS["3"] for each in root.get(group).mapping.values()]
    return any("component" in each.mapping for each in modules)


def read_serverless_devs(
    root: Node, folder: Path, environ: Mapping[str, str], values: Mapping[str, str]
) -> list[Entry]:
    """Return an entry for every module that holds a function or leads to one."""
    modules = _modules(root)
    books = {name: Notebook() for name in modules}
    grown = {name: _with_template(each, root, books[name]) for name, each in modules.items()}
    variables = Variables(root, grown, folder, environ, values)
    read = [_entry(name, module, variables, books[name]) for name, module in grown.items()]
    return [each for each in read if each.draft or each.routes or each.notes.findings()]


def _extended(
    root: Node, folder: Path, environ: Mapping[str, str], notes: Notebook, seen: tuple[Path, ...]
) -> Node:
    wanted = Variables(root, {}, folder, environ).resolve(root.get("extend"), Scope("", notes))
    below: Node | None = None
    for each in wanted.items or (wanted,):
        if not isinstance(each.value, str) or each.unresolved:
            continue
        base = _base(each, each.value, folder, environ, notes, seen)
        below = base if below is None else merged(below, base)
    return root if below is None else merged(below, root)


def _base(
    node: Node,
    name: str,
    folder: Path,
    environ: Mapping[str, str],
    notes: Notebook,
    seen: tuple[Path, ...],
) -> Node:
    path = folder / name.replace("\\", "/")
    notes.depends_on(path)
    if not _is_file(path):
        raise ProjectError(
            f"{node.place}: `extend` names `{name}`, which is not a file.",
            hint="Paths are relative to the file they are written in.",
        )
    if path.resolve() in seen:
        raise ProjectError(
            f"{node.place}: `extend` names `{name}`, which extends this file in turn.",
            hint="Remove one of the two `extend`.",
        )
    return _extended(load(path, notes, WAYS), path.parent, environ, notes, (*seen, path.resolve()))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _modules(root: Node) -> dict[str, Node]:
    edition = text_of(root.get("edition").scalar)[:1]
    for group in _GROUPS.get(edition, _GROUPS["3"]):
        if root.get(group).mapping:
            return dict(root.get(group).mapping)
    return {}


def _with_template(module: Node, root: Node, notes: Notebook) -> Node:
    """Return a module with the props of the template that it extends beneath its own."""
    extend = module.get("extend")
    name = extend.get("name") if extend.mapping else extend
    if not name.written or not module.mapping:
        return module
    templates = root.get("template").mapping
    wanted = text_of(name.scalar)
    if wanted not in templates:
        known = ", ".join(f"`{each}`" for each in templates) or "none"
        notes.error(
            name.place,
            f"`extend` names the template `{wanted}`, which is not there.",
            hint=f"Under `template:` there is {known}.",
        )
        return module
    ignored = {text_of(each.scalar) for each in extend.get("ignore").items}
    template = templates[wanted]
    kept = {key: each for key, each in template.mapping.items() if key not in ignored}
    own = module.get("props")
    below = template._replace(value=kept, name="props")
    props = merged(below, own) if own.written else below
    return module._replace(value={**module.mapping, "props": props})


def _read_of(component: str, props: Node) -> Node:
    """Return what is read of a module's props: of a domain's, nothing but what leads somewhere."""
    if component != "fc3-domain" or not props.mapping:
        return props
    kept = {key: each for key, each in props.mapping.items() if key in _OF_A_DOMAIN}
    return props._replace(value=kept)


def _entry(name: str, module: Node, variables: Variables, notes: Notebook) -> Entry:
    if not module.mapping:
        notes.error(
            module.place,
            f"the module `{name}` is not a mapping.",
            hint="Write `component:` and `props:` under it.",
        )
        return Entry(name, None, notes)
    scope = Scope(name, notes)
    component = variables.resolve(module.get("component"), scope)
    if not component.written:
        notes.error(
            module.place,
            f"the module `{name}` has no `component`.",
            hint="Write `component: fc3`.",
        )
        return Entry(name, None, notes)
    match = _COMPONENT.fullmatch(text_of(component.scalar).strip())
    if match is None:  # websites and the like are no functions
        return Entry(name, None, notes)
    warn_misspelt(module, MODULE, notes)
    read = _read_of(match[1], module.get("props"))
    props = settle_tags(variables.resolve(read, scope), notes)
    draft = _READERS[match[1]](name, props._replace(place=module.place), notes)
    return Entry(name, draft, notes, _DOMAINS[match[1]](props, notes))
