"""Modules of the component `fc3` (contract alibaba-fc, section 1.3)."""

from localfn.providers.alibaba.templates import misspelt
from localfn.providers.alibaba.templates.dialect import FC3
from localfn.providers.alibaba.templates.draft import (
    ContainerDraft,
    Draft,
    HookDraft,
    TriggerDraft,
)
from localfn.templates.fields import entries
from localfn.templates.misspelt import warn_misspelt
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_IMAGES = frozenset({"custom-container", "micro-sandbox"})


def read_fc3(module: str, props: Node, notes: Notebook) -> Draft:
    """Return the draft of a module's function."""
    life = props.get("instanceLifecycleConfig")
    triggers = entries(props.get("triggers"), notes)
    _warn_misspelt(props, life, triggers, notes)
    return Draft(
        dialect=FC3,
        place=props.place,
        module=module,
        name=props.get("functionName"),
        service=Node(None, props.place),
        runtime=props.get("runtime"),
        handler=props.get("handler"),
        code=props.get("code"),
        bucket=Node(None, props.place),
        memory=props.get("memorySize"),
        cpu=props.get("cpu"),
        disk=props.get("diskSize"),
        timeout=props.get("timeout"),
        concurrency=props.get("instanceConcurrency"),
        soft_concurrency=Node(None, props.place),
        reserved_concurrency=props.get("concurrencyConfig").get("reservedConcurrency"),
        environment=props.get("environmentVariables"),
        layers=props.get("layers"),
        initializer=_hook(life.get("initializer")),
        pre_freeze=_hook(Node(None, props.place)),
        pre_stop=_hook(life.get("preStop")),
        container=_container(props),
        region=props.get("region"),
        role=props.get("role"),
        internet=props.get("internetAccess"),
        log=props.get("logConfig"),
        nas=props.get("nasConfig"),
        oss=props.get("ossMountConfig"),
        no_credentials=props.get("disableInjectCredentials"),
        description=props.get("description"),
        asynchronous=props.get("asyncInvokeConfig"),
        triggers=tuple(_trigger(each) for each in triggers),
    )


def _warn_misspelt(props: Node, life: Node, triggers: tuple[Node, ...], notes: Notebook) -> None:
    warn_misspelt(props, misspelt.FC3_PROPS, notes)
    warn_misspelt(life, misspelt.LIFE, notes)
    for each in life.mapping.values():
        warn_misspelt(each, misspelt.HOOK, notes)
    for name in ("customRuntimeConfig", "customContainerConfig"):
        warn_misspelt(props.get(name), misspelt.STARTED, notes)
    for each in triggers:
        warn_misspelt(each, misspelt.TRIGGER, notes)


def _hook(node: Node) -> HookDraft:
    return HookDraft(node.get("handler"), node.get("timeout"))


def _container(props: Node) -> ContainerDraft:
    if props.get("runtime").scalar in _IMAGES:
        config = props.get("customContainerConfig")
        parts: tuple[Node, ...] = (config.get("command"),)
    else:
        config = props.get("customRuntimeConfig")
        parts = (config.get("command"), config.get("args"))
    return ContainerDraft(
        image=config.get("image"),
        entrypoint=config.get("entrypoint"),
        command=parts,
        port=config.get("port"),
        health=config.get("healthCheckConfig"),
        web_server=config.get("webServerMode"),
    )


def _trigger(node: Node) -> TriggerDraft:
    return TriggerDraft(
        name=node.get("triggerName", "name"),
        kind=node.get("triggerType", "type"),
        config=node.get("triggerConfig", "config"),
        qualifier=node.get("qualifier"),
        arn=node.get("sourceArn"),
    )
