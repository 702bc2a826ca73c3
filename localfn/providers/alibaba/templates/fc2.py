"""Modules of the component `fc` (contract alibaba-fc, section 1.3)."""

from localfn.providers.alibaba.templates import misspelt
from localfn.providers.alibaba.templates.dialect import FC
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


def read_fc2(module: str, props: Node, notes: Notebook) -> Draft | None:
    """Return the draft of a module's function; None where it holds a service and no function."""
    function = props.get("function")
    warn_misspelt(props, misspelt.FC_PROPS, notes)
    if not function.mapping:
        notes.warn(
            function.place,
            f"the module `{module}` has no `function`, so there is nothing to run.",
            hint="Write `function:` with `name`, `runtime`, `handler` and `codeUri`.",
        )
        return None
    service = props.get("service")
    life = function.get("instanceLifecycleConfig")
    triggers = entries(props.get("triggers"), notes)
    _warn_misspelt(service, function, triggers, notes)
    return Draft(
        dialect=FC,
        place=props.place,
        module=module,
        name=function.get("name")._replace(name="function.name"),
        service=service.get("name") if service.mapping else service,
        runtime=function.get("runtime"),
        handler=function.get("handler"),
        code=function.get("codeUri", "code"),
        bucket=function.get("ossBucket"),
        memory=function.get("memorySize"),
        cpu=function.get("cpu"),
        disk=function.get("diskSize"),
        timeout=function.get("timeout"),
        concurrency=function.get("instanceConcurrency"),
        soft_concurrency=function.get("instanceSoftConcurrency"),
        reserved_concurrency=Node(None, function.place),
        environment=function.get("environmentVariables"),
        layers=function.get("layers"),
        initializer=HookDraft(function.get("initializer"), function.get("initializationTimeout")),
        pre_freeze=_hook(life.get("preFreeze")),
        pre_stop=_hook(life.get("preStop")),
        container=_container(function),
        region=props.get("region"),
        role=service.get("role"),
        internet=service.get("internetAccess"),
        log=service.get("logConfig"),
        nas=service.get("nasConfig"),
        oss=service.get("ossMountConfig"),
        no_credentials=function.get("disableInjectCredentials"),
        description=function.get("description"),
        asynchronous=function.get("asyncConfiguration"),
        triggers=tuple(_trigger(each) for each in triggers),
    )


def _warn_misspelt(
    service: Node, function: Node, triggers: tuple[Node, ...], notes: Notebook
) -> None:
    warn_misspelt(service, misspelt.FC_SERVICE, notes)
    warn_misspelt(function, misspelt.FC_FUNCTION, notes)
    life = function.get("instanceLifecycleConfig")
    warn_misspelt(life, misspelt.LIFE, notes)
    for each in life.mapping.values():
        warn_misspelt(each, misspelt.HOOK, notes)
    for name in ("customRuntimeConfig", "customContainerConfig"):
        warn_misspelt(function.get(name), misspelt.STARTED, notes)
    for each in triggers:
        warn_misspelt(each, misspelt.TRIGGER, notes)


def _hook(node: Node) -> HookDraft:
    return HookDraft(node.get("handler"), node.get("timeout"))


def _container(function: Node) -> ContainerDraft:
    """Return how the function is started; `command` of an image replaces its entry point."""
    port = function.get("caPort")
    if function.get("runtime").scalar != "custom-container":
        config = function.get("customRuntimeConfig")
        parts = (config.get("command"), config.get("args"))
        nothing = Node(None, function.place)
        health = config.get("healthCheckConfig")
        return ContainerDraft(nothing, nothing, parts, port, health, nothing)
    config = function.get("customContainerConfig")
    return ContainerDraft(
        image=config.get("image"),
        entrypoint=config.get("command"),
        command=(config.get("args"),),
        port=port,
        health=function.get("customHealthCheckConfig"),
        web_server=config.get("webServerMode"),
    )


def _trigger(node: Node) -> TriggerDraft:
    return TriggerDraft(
        name=node.get("name"),
        kind=node.get("type"),
        config=node.get("config"),
        qualifier=node.get("qualifier"),
        arn=node.get("sourceArn"),
    )
