"""From a resource to the neutral `Function` (contract aws-lambda, sections 1.3 and 1.6)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from localfn.model import Container, Function, Place, Volume
from localfn.nearest import nearest
from localfn.providers.aws.runtimes import IMAGE, RUNTIMES
from localfn.providers.aws.templates import attributes, code, limits
from localfn.providers.aws.templates.entry import Entry
from localfn.providers.aws.templates.ways import written
from localfn.templates import fields
from localfn.templates.env_vars import EnvVars
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node, json_of

KEYS = frozenset(
    {
        *("Handler", "Runtime", "CodeUri", "InlineCode", "Code", "PackageType", "ImageUri"),
        *("ImageConfig", "Architectures", "MemorySize", "Timeout", "Environment", "Layers"),
        *("EphemeralStorage", "FunctionName", "FunctionUrlConfig", "EventInvokeConfig"),
        *("DeadLetterQueue", "DeadLetterConfig", "ReservedConcurrentExecutions"),
        *("AutoPublishAlias", "LoggingConfig", "Description", "Role", "Tracing"),
        *("TracingConfig", "CapacityProviderConfig", "FileSystemConfigs"),
    }
)
_MEMORY_MB = 128
_TIMEOUT_S = 3.0
_DISK_MB = 512
_MB_OF_A_CPU = 1769
_MOUNTS = "/mnt/"
_PYTHON = re.compile(r"[^.\s]+(\.[^.\s]+)*\.[A-Za-z_]\w*")
_NODEJS = re.compile(r"[^.\s]+(/[^.\s]+)*\.[\w$][\w.$]*")
_HANDLERS = {"python": (_PYTHON, "app.handler"), "nodejs": (_NODEJS, "index.handler")}


class Surroundings(NamedTuple):
    """What functions share: local layers by their ARN, and variables by the tool's settings."""

    layers: Mapping[str, Path]
    env_vars: EnvVars


def build(entry: Entry, around: Surroundings) -> Function:
    """Return the function of a resource; it is of use only when no error was written down."""
    props, notes = entry.stack.properties(entry.resource, KEYS, entry.notes), entry.notes
    image = is_image(props)
    runtime = IMAGE if image else _runtime(props, entry)
    place = code.image_folder(entry) if image else code.locate(entry, props)
    memory = fields.whole(props.get("MemorySize"), notes, _MEMORY_MB)
    name = _name(entry)
    told = attributes.of(entry, props, _spellings(entry))
    function = Function(
        name=name,
        service=entry.stack.name,
        runtime=runtime,
        handler="" if image else fields.text(props.get("Handler"), notes),
        code=place,
        memory_mb=memory,
        cpu=memory / _MB_OF_A_CPU,
        timeout_s=fields.number(props.get("Timeout"), notes, _TIMEOUT_S),
        disk_mb=fields.whole(props.get("EphemeralStorage").get("Size"), notes, _DISK_MB),
        concurrency=_concurrency(props, notes),
        environment={
            **_environment(props.get("Environment").get("Variables"), notes),
            **around.env_vars.of(*_spellings(entry), name),
        },
        layers=_layers(props.get("Layers"), around.layers, notes),
        mounts=_mounts(props.get("FileSystemConfigs"), notes),
        files=code.inline(props, runtime, notes),
        container=_container(props, entry) if image else None,
        attributes=told,
        template=entry.place,
        most_instances=_most_instances(told),
    )
    if not image:
        _see_handler(function, props, entry)
    limits.warn_about(function, props, notes)
    return function


def is_image(props: Node) -> bool:
    """Return whether a function is an image of its own."""
    uri = props.get("ImageUri").written or props.get("Code").get("ImageUri").written
    return props.get("PackageType").value == "Image" or uri


def _most_instances(told: Mapping[str, str]) -> int | None:
    """Return how many instances are reserved; none at all is a switch that is turned off there."""
    reserved = told.get("reserved_concurrency", "")
    return int(reserved) if reserved.isdecimal() and int(reserved) else None


def _name(entry: Entry) -> str:
    return entry.stack.physical(entry.id)


def _spellings(entry: Entry) -> tuple[str, ...]:
    """Return the other names of a function, the most exact first."""
    built = entry.resource.get("Metadata").get("SamResourceId")
    found = (entry.id, written(built.scalar), entry.label)
    return tuple(dict.fromkeys(each for each in found if each and " " not in each))


def _runtime(props: Node, entry: Entry) -> str:
    node, notes = props.get("Runtime"), entry.notes
    found = fields.text(node, notes)
    if not found and node.is_scalar:
        notes.error(
            _place(node, props, entry.place),
            f"the function `{entry.id}` has no `Runtime`.",
            hint="Write `Runtime: python3.13`.",
        )
    elif found and node.unresolved:
        notes.error(node.place, f"`Runtime` is `{found}`, whose value is not known here.")
    elif found and found not in RUNTIMES:
        notes.error(
            node.place,
            f"`Runtime` is `{found}`, which is no runtime of Lambda.",
            hint=nearest(found, RUNTIMES),
        )
    return found


def _concurrency(props: Node, notes: Notebook) -> int:
    config = props.get("CapacityProviderConfig")
    inner = config.get("LambdaManagedInstancesCapacityProviderConfig")
    key = "PerExecutionEnvironmentMaxConcurrency"
    return fields.whole(inner.get(key) if inner.written else config.get(key), notes, 1)


def _environment(node: Node, notes: Notebook) -> dict[str, str]:
    if node.items or (node.is_scalar and node.written and not node.unresolved):
        notes.error(
            node.place,
            f"`{node.name}` is no mapping.",
            hint="Write one `NAME: value` per line.",
        )
    found = {}
    for key, each in node.mapping.items():
        if not each.is_scalar:
            notes.warn(
                each.place,
                f"the variable `{key}` is no text; the function sees it as JSON text.",
                hint="Quote the value if it is meant as text.",
            )
        found[key] = written(each.scalar) if each.is_scalar else json_of(each)
    return found


def _layers(node: Node, local: Mapping[str, Path], notes: Notebook) -> tuple[str, ...]:
    """Return the layers, the one that counts most first; the template has it last."""
    if node.written and not node.items and not isinstance(node.value, tuple):
        notes.error(node.place, "`Layers` is no list.", hint="Write `- !Ref LAYER` under it.")
    found = []
    for each in node.items:
        reference = written(each.scalar)
        if not reference:
            notes.error(each.place, "an entry of `Layers` names no layer.", hint="Write its ARN.")
        found.append(str(local.get(reference, reference)))
    return tuple(reversed(found))


def _mounts(node: Node, notes: Notebook) -> tuple[Volume, ...]:
    """Return the file systems; one whose path is not below `/mnt/` is left out with a warning."""
    found = []
    for each in node.items:
        path = each.get("LocalMountPath")
        target = written(path.scalar).rstrip("/")
        if not target.startswith(_MOUNTS) or ".." in target.split("/"):
            notes.warn(
                path.place,
                f"`LocalMountPath` is `{target}`, which is not below `{_MOUNTS}`; left out.",
                hint="Write `LocalMountPath: /mnt/data`.",
            )
            continue
        found.append(Volume(written(each.get("Arn").scalar), target))
    return tuple(found)


def _container(props: Node, entry: Entry) -> Container:
    config, notes = props.get("ImageConfig"), entry.notes
    return Container(
        image=code.image_of(props, entry),
        entrypoint=fields.words(config.get("EntryPoint"), notes),
        command=fields.words(config.get("Command"), notes),
    )


def _see_handler(function: Function, props: Node, entry: Entry) -> None:
    """Write down a handler that cannot be found, as far as one can see without running it."""
    node, notes = props.get("Handler"), entry.notes
    known = RUNTIMES.get(function.runtime)
    language = known.language if known else ""
    if not function.handler:
        # A program of the user's own is its own handler.
        if language in _HANDLERS and node.is_scalar:
            place = _place(node, props, function.template or node.place)
            notes.error(place, "there is no `Handler`.", hint="Write `Handler: app.handler`.")
        return
    if language not in _HANDLERS or node.unresolved:
        return
    form, example = _HANDLERS[language]
    if not form.fullmatch(function.handler):
        notes.error(
            node.place,
            f"`Handler` is `{function.handler}`, which is not FILE.FUNCTION.",
            hint=f"Write the file without its ending, a dot and the function: `{example}`.",
        )
    elif not function.layers:
        _see_file(function, language, node, entry)


def _place(node: Node, props: Node, resource: Place) -> Place:
    """Return where something is missing: at its key, or at the resource that has no such key."""
    return resource if node.place == props.place else node.place


def _see_file(function: Function, language: str, node: Node, entry: Entry) -> None:
    if not function.code.is_dir():
        return
    looked = code.files_of(function.handler, language)
    if function.files:
        found = any(each in function.files for each in looked)
    else:
        found = any((function.code / each).is_file() for each in looked)
    if found:
        return
    method = written(entry.resource.get("Metadata").get("BuildMethod").scalar)
    entry.notes.depends_on(function.code / looked[0])
    entry.notes.warn(
        node.place,
        f"`Handler` is `{function.handler}`, but there is no `{looked[0]}` in the code.",
        hint=f"The function is to be built first (`BuildMethod: {method}`)."
        if method
        else f"It is looked for in `{function.code}`.",
    )
