"""Funcraft templates (contract alibaba-fc, sections 1.1 and 1.3)."""

from pathlib import Path

from localfn.providers.alibaba.templates import misspelt
from localfn.providers.alibaba.templates.dialect import FUN
from localfn.providers.alibaba.templates.domains import domains_of_funcraft
from localfn.providers.alibaba.templates.draft import (
    ContainerDraft,
    Draft,
    HookDraft,
    TriggerDraft,
)
from localfn.providers.alibaba.templates.entry import Entry
from localfn.providers.alibaba.templates.intrinsics import settle
from localfn.providers.alibaba.templates.ways import WAYS
from localfn.templates.file import load
from localfn.templates.misspelt import warn_misspelt
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import text_of
from localfn.templates.tree import Node, merged

_TRANSFORM = "Aliyun::Serverless"
_SERVICE = "Aliyun::Serverless::Service"
_FUNCTION = "Aliyun::Serverless::Function"
_DOMAIN = "Aliyun::Serverless::CustomDomain"
_OVERRIDES = ("template.override.yml", "template.override.yaml")
_OWN_KEYS = frozenset({"Type", "Properties", "DependsOn", "Metadata", "Condition"})


def is_funcraft(root: Node) -> bool:
    """Return whether this file has Funcraft's Transform."""
    transform = root.get("Transform")
    return any(
        isinstance(each.value, str) and each.value.startswith(_TRANSFORM)
        for each in transform.items or (transform,)
    )


def overridden(root: Node, path: Path, notes: Notebook) -> Node:
    """Return a template with the override beside it merged over it."""
    for name in _OVERRIDES:
        notes.depends_on(path.parent / name)
        if (path.parent / name).is_file() and path.name != name:
            return merged(root, load(path.parent / name, notes, WAYS))
    return root


def read_funcraft(root: Node) -> list[Entry]:
    """Return an entry for every function and every custom domain."""
    found: list[Entry] = []
    for key, resource in root.get("Resources").mapping.items():
        kind = resource.get("Type").scalar
        if kind == _FUNCTION:
            found.append(Entry(key, None, _outside(key, resource)))
        if kind == _SERVICE:
            found += _of_service(key, resource)
        if kind == _DOMAIN:
            notes = Notebook()
            settled = settle(resource, notes)
            found.append(Entry(key, None, notes, domains_of_funcraft(key, settled, notes)))
    return found


def _outside(key: str, resource: Node) -> Notebook:
    notes = Notebook()
    notes.error(
        resource.place,
        f"the function `{key}` stands outside a service.",
        hint=f"Move it into a resource of the type `{_SERVICE}`.",
    )
    return notes


def _of_service(service: str, resource: Node) -> list[Entry]:
    found: list[Entry] = []
    for key, child in resource.mapping.items():
        if key in _OWN_KEYS or not child.mapping:
            continue
        notes = Notebook()
        kind = child.get("Type")
        if kind.scalar == _FUNCTION:
            settled = settle(child, notes), settle(resource.get("Properties"), notes)
            warn_misspelt(settled[0], misspelt.FUN_RESOURCE, notes)
            warn_misspelt(settled[0].get("Properties"), misspelt.FUN_FUNCTION, notes)
            warn_misspelt(settled[1], misspelt.FUN_SERVICE, notes)
            found.append(Entry(f"{service}/{key}", _draft(service, key, *settled), notes))
        elif "Properties" in child.mapping:
            _refuse_kind(key, child, kind, notes)
            found.append(Entry(f"{service}/{key}", None, notes))
    return found


def _refuse_kind(key: str, child: Node, kind: Node, notes: Notebook) -> None:
    told = f"has the type `{text_of(kind.scalar)}`" if kind.written else "has no `Type`"
    notes.error(
        kind.place if kind.written else child.place,
        f"`{key}` {told}; a service holds functions.",
        hint=f"Write `Type: '{_FUNCTION}'`.",
    )


def _draft(service: str, key: str, function: Node, shared: Node) -> Draft:
    props, place = function.get("Properties"), function.place
    life = props.get("InstanceLifecycleConfig")
    nothing = Node(None, place)
    return Draft(
        dialect=FUN,
        place=place,
        module="",
        name=Node(key, place, "name"),
        service=Node(service, place, "service"),
        runtime=props.get("Runtime"),
        handler=props.get("Handler"),
        code=props.get("CodeUri"),
        bucket=nothing,
        memory=props.get("MemorySize"),
        cpu=nothing,
        disk=nothing,
        timeout=props.get("Timeout"),
        concurrency=props.get("InstanceConcurrency"),
        soft_concurrency=nothing,
        reserved_concurrency=nothing,
        environment=props.get("EnvironmentVariables"),
        layers=props.get("Layers"),
        initializer=HookDraft(props.get("Initializer"), props.get("InitializationTimeout")),
        pre_freeze=_hook(life.get("PreFreeze")),
        pre_stop=_hook(life.get("PreStop")),
        container=_container(props),
        region=nothing,
        role=shared.get("Role"),
        internet=shared.get("InternetAccess"),
        log=shared.get("LogConfig"),
        nas=shared.get("NasConfig"),
        oss=nothing,
        no_credentials=nothing,
        description=props.get("Description"),
        asynchronous=props.get("AsyncConfiguration"),
        triggers=tuple(
            _trigger(name, each) for name, each in function.get("Events").mapping.items()
        ),
    )


def _hook(node: Node) -> HookDraft:
    return HookDraft(node.get("Handler"), node.get("Timeout"))


def _container(props: Node) -> ContainerDraft:
    """Return how the function is started; `Command` of an image replaces its entry point."""
    config = props.get("CustomContainerConfig")
    return ContainerDraft(
        image=config.get("Image"),
        entrypoint=config.get("Command"),
        command=(config.get("Args"),),
        port=props.get("CAPort"),
        health=Node(None, props.place),
        web_server=Node(None, props.place),
    )


def _trigger(name: str, node: Node) -> TriggerDraft:
    config = node.get("Properties")
    return TriggerDraft(
        name=Node(name, node.place, "name"),
        kind=node.get("Type"),
        config=config,
        qualifier=config.get("Qualifier"),
        arn=config.get("SourceArn"),
    )
