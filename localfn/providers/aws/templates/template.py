"""Read a template of SAM, CloudFormation or the CDK, with the stacks nested in it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from localfn.errors import LocalfnError, ProjectError
from localfn.model import NOTHING, DomainRoute, Finding, Function, Place, Reading
from localfn.providers.aws.templates import code, events, sources, urls
from localfn.providers.aws.templates.apis import read_apis
from localfn.providers.aws.templates.deployment import deployment
from localfn.providers.aws.templates.entry import Book, Entry
from localfn.providers.aws.templates.fronts import read_fronts
from localfn.providers.aws.templates.function import Surroundings, build
from localfn.providers.aws.templates.globals import with_globals
from localfn.providers.aws.templates.location import is_built
from localfn.providers.aws.templates.names import FUNCTIONS, LAYERS, STACKS
from localfn.providers.aws.templates.samconfig import ENVIRONMENT, SamConfig, read_samconfig
from localfn.providers.aws.templates.stack import Origin, Stack
from localfn.providers.aws.templates.unknown import Asked
from localfn.providers.aws.templates.ways import WAYS, written
from localfn.templates.file import load
from localfn.templates.misspelt import warn_misspelt
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_ROOT = frozenset(
    {
        *("AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters"),
        *("Mappings", "Conditions", "Globals", "Resources", "Outputs", "Rules", "Hooks"),
    }
)
_RESOURCE = frozenset(
    {
        *("Type", "Properties", "Metadata", "Condition", "DependsOn", "Connectors"),
        *("DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy"),
        "IgnoreGlobals",
    }
)
_LAYER = frozenset({"ContentUri", "Content"})
_NESTED = frozenset({"Location", "TemplateURL", "Parameters"})
_DEEPEST = 10
_SETTINGS_OF_BUILT = 2


def read_template(
    path: Path, environ: Mapping[str, str], values: Mapping[str, str] = NOTHING
) -> Reading:
    """Return the functions of a template and what was found on the way.

    Raises `ProjectError` when the file is no template. A function with an error is left out; the
    error is a finding. `values` are those of parameters, of attributes (`Table.StreamArn`), of
    exports of other stacks, and of references (`resolve:ssm:/name`).
    """
    notes = Notebook()
    try:
        return _read(path, environ, values, notes)
    except RecursionError as error:
        raise ProjectError(f"{path}: the values of the template are nested too deeply.") from error


def _read(
    path: Path, environ: Mapping[str, str], values: Mapping[str, str], notes: Notebook
) -> Reading:
    root = load(path, notes, WAYS)
    if not root.get("Resources").mapping:
        raise _no_template(root, path)
    settings = read_samconfig(_settings_folder(path), values.get(ENVIRONMENT, ""), notes)
    where = deployment(environ, {**settings.parameters, **values}, settings.region)
    stacks = _stacks(root, Origin(path, "", {}, where), notes)
    book = Book(each for stack in stacks for each in _entries(stack))
    _build(stacks, book, settings)
    for stack in stacks:
        sources.read_sources(stack, book)
        read_apis(stack, book)
        read_fronts(stack, book)
    _warn_built(path, notes)
    return _reading(book, notes)


def _settings_folder(path: Path) -> Path:
    """Return where the tool's settings lie: what was built lies two folders below them."""
    return path.parents[_SETTINGS_OF_BUILT] if is_built(path) else path.parent


def _no_template(root: Node, path: Path) -> ProjectError:
    if root.get("functions").written and root.get("provider").written:
        return ProjectError(
            f"{Place(path, 1)}: this is a file of the Serverless Framework, not of CloudFormation.",
            hint="Its `serverless package` writes a template into `.serverless`; name that one.",
        )
    place = root.get("Resources").place if "Resources" in root.mapping else Place(path, 1)
    return ProjectError(
        f"{place}: this is no template of CloudFormation: it has no `Resources`.",
        hint="It should have `Transform: AWS::Serverless-2016-10-31` and `Resources:`.",
    )


# --- stacks ------------------------------------------------------------------------------------


def _stacks(root: Node, origin: Origin, notes: Notebook) -> list[Stack]:
    """Return a stack and all that are nested in it, the outermost first."""
    asked = Asked(notes)
    return list(_with_nested(root, origin, notes, asked, (origin.path.resolve(),)))


def _with_nested(
    root: Node, origin: Origin, notes: Notebook, asked: Asked, seen: tuple[Path, ...]
) -> Iterator[Stack]:
    warn_misspelt(root, _ROOT, notes)
    stack = Stack(with_globals(root, notes), origin, notes, asked)
    yield stack
    for name, resource in stack.resources.items():
        warn_misspelt(resource, _RESOURCE, notes)
        if stack.type_of(name) in STACKS and stack.is_there(resource):
            below = _nested(stack, name, resource, seen)
            if below is None:
                continue
            inner, place = below
            child_notes = (notes, asked, (*seen, place.path.resolve()))
            for each in _with_nested(inner, place, *child_notes):
                if each.origin is place:
                    stack.children[name] = each
                yield each


def _nested(
    stack: Stack, name: str, resource: Node, seen: tuple[Path, ...]
) -> tuple[Node, Origin] | None:
    """Return the template of a nested stack and where it comes from; None where it is not here."""
    props = stack.properties(resource, _NESTED)
    node = props.get("Location", "TemplateURL")
    asset = resource.get("Metadata").get("aws:asset:path")
    node = asset if asset.written else node
    told = written(node.scalar) if node.is_scalar else ""
    if not told or "://" in told or node.unresolved:
        stack.notes.warn(
            node.place if node.written else resource.place,
            f"the stack `{name}` is not a local file; its functions are left out.",
            hint="Write a local path: `Location: ./child/template.yaml`.",
        )
        return None
    path = stack.base / told
    if path.resolve() in seen or len(seen) > _DEEPEST:
        stack.notes.error(node.place, f"the stack `{name}` contains itself.")
        return None
    try:
        inner = load(path, stack.notes, WAYS)
    except LocalfnError as error:
        stack.notes.error(node.place, f"the stack `{name}`: {error.message}", error.hint)
        return None
    full = f"{stack.name}/{name}" if stack.name else name
    given = props.get("Parameters").mapping
    return inner, Origin(path, full, given, stack.origin.deployment)


# --- functions ---------------------------------------------------------------------------------


def _entries(stack: Stack) -> Iterator[Entry]:
    for name, resource in stack.resources.items():
        if stack.type_of(name) in FUNCTIONS and stack.is_there(resource):
            yield Entry(stack, name, resource)


def _build(stacks: list[Stack], book: Book, settings: SamConfig) -> None:
    around = Surroundings(_layers(stacks), settings.env_vars)
    for entry in book.entries:
        entry.function = build(entry, around)
        urls.read_url(entry)
        events.read_events(entry)


def _layers(stacks: list[Stack]) -> dict[str, Path]:
    """Return the layers that are on this machine, by the ARN that stands for them."""
    found = {}
    for stack in stacks:
        for name, resource in stack.resources.items():
            if stack.type_of(name) in LAYERS and stack.is_there(resource):
                props = stack.properties(resource, _LAYER)
                path = code.layer_folder(stack, resource, props, stack.notes)
                if path is not None:
                    found[stack.told_by(name)] = path
    return found


def _warn_built(path: Path, notes: Notebook) -> None:
    if is_built(path):
        notes.warn(
            Place(path),
            "this template was built: changes of the sources are not seen before the next build.",
            hint="To run the sources themselves: `--template template.yaml`.",
        )


def _reading(book: Book, notes: Notebook) -> Reading:
    functions: dict[str, Function] = {}
    routes: list[DomainRoute] = []
    findings: list[Finding] = []
    files = set(notes.files)
    for entry in book.entries:
        function = entry.finished()
        key = entry.label if function is None else function.key
        if function is not None and key in functions:
            entry.notes.warn(
                entry.place,
                f"`{key}` was already described at {functions[key].template}; this one counts.",
                hint="Give one of the two another name.",
            )
        if function is not None:
            functions[key] = function
            routes += [each._replace(function=key) for each in entry.routes]
        findings += entry.notes.findings(key)
        files |= entry.notes.files
    found = (*notes.findings(), *findings)
    return Reading(tuple(functions.values()), found, frozenset(files), tuple(routes))
